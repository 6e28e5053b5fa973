"""Colours and type of the app, for light and dark: real data is blue, generated data is orange."""

REAL = {"light": "#0f5fb5", "dark": "#62b0f5"}  # as in live.css
GENERATED = {"light": "#d4580a", "dark": "#ff9d4d"}
NEUTRAL = "#6b7580"  # readable on both

_SURFACES = {
    "light": {
        "primaryColor": REAL["light"],
        "backgroundColor": "#ffffff",
        "secondaryBackgroundColor": "#f3f5f7",
        "textColor": "#1f2933",
        "borderColor": "#d5dbe1",
        "linkColor": REAL["light"],
        "blueColor": REAL["light"],
        "orangeColor": GENERATED["light"],
    },
    "dark": {
        "primaryColor": "#2878c2",  # darker than REAL, so that white text on a button stays readable
        "backgroundColor": "#12161b",
        "secondaryBackgroundColor": "#1c2229",
        "textColor": "#e6eaee",
        "borderColor": "#37414b",
        "linkColor": REAL["dark"],
        "blueColor": REAL["dark"],
        "orangeColor": GENERATED["dark"],
    },
}

_TYPE = {
    "baseFontSize": 16,
    "headingFontSizes": ["2rem", "1.5rem", "1.25rem", "1.125rem", "1rem", "0.875rem"],
    "baseRadius": "0.375rem",
}


def theme_options() -> dict[str, object]:
    """The theme as Streamlit's options, by their dotted names."""
    options: dict[str, object] = {f"theme.{name}": value for name, value in _TYPE.items()}
    for scheme, surface in _SURFACES.items():
        options |= {f"theme.{scheme}.{name}": value for name, value in surface.items()}
        options[f"theme.{scheme}.chartCategoricalColors"] = [REAL[scheme], GENERATED[scheme]]
    return options
