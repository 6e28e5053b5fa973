"""A widget that shows what the app keeps: what a browser has not yet heard of is not undone by what it sends."""

from streamlit.testing.v1 import AppTest


def script() -> None:
    import streamlit as st

    from pages._ui.mirrored import current, mirrored

    kept = st.session_state.setdefault("kept", 1)

    def changed() -> None:
        st.session_state.kept = st.session_state[current("size")]

    if st.button("The app changes it"):
        kept = st.session_state.kept = 5
    st.number_input("Size", 0, 9, key=mirrored("size", kept), on_change=changed)
    st.button("Something else")


def test_both_change_it() -> None:
    app = AppTest.from_function(script).run()
    app.number_input[0].set_value(3).run()
    assert app.session_state.kept == app.number_input[0].value == 3
    app.button[0].click().run()
    assert app.session_state.kept == app.number_input[0].value == 5
    app.number_input[0].set_value(3).run()
    assert app.session_state.kept == app.number_input[0].value == 3


def test_what_a_browser_says_that_has_not_heard_of_the_change_is_not_a_choice() -> None:
    app = AppTest.from_function(script).run()
    app.number_input[0].set_value(3).run()
    late = app._tree.get_widget_states()
    app.button[0].click().run()
    app._run(late)
    assert not app.exception
    assert app.session_state.kept == app.number_input[0].value == 5
