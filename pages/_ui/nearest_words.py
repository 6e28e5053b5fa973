"""The words about the training pictures nearest to a picture: of the labs and of the Latent Explorer."""

from gan_core.text import N_

NEAREST: dict[str, str] = {
    "close.nearest": N_("Nearest training pictures"),
    "close.by": N_("What is compared"),
    "close.by.pixels": N_("Pixels"),
    "close.by.features": N_("Features"),
    "close.preparing": N_("The training pictures are made ready for comparison: a few seconds, for large sets more."),
    "close.nothing": N_("This picture cannot be compared: some of its values are not numbers."),
    "close.distance.pixels": N_("Difference of the pixels, root mean square; 100% is black against white."),
    "close.distance.features": N_("Distance in the features of the {features}."),
    "close.neighbour": N_("Training picture {place}, {distance}"),
    "close.yard": N_(
        "Blue lines: {count} held-out real pictures, which nobody learned, at their distance from their nearest training picture. "
        "Large mark: this picture."
    ),
    "close.copy.pixels": N_("Nearer than {share} of them: a copy, or only blurred. Compare by eye."),
    "close.copy.features": N_("Nearer than {share} of them: perhaps a copy. Compare by eye."),
    "close.far": N_("Farther than {share} of them: it is not like the training pictures."),
    "close.usual": N_("As near as pictures that nobody learned usually are: no sign of a copy."),
    "close.itself": N_("This picture is one of the training pictures; it is left out here."),
}
