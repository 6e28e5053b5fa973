"""What is said of a picture set: its licence, and how its files can be had."""

import streamlit as st

from gan_core import data as data_sets
from gan_core import registry
from gan_core.config import DataConfig
from pages._ui.controls import Translate
from pages._ui.failures import plain


def licence_note(data: DataConfig, _: Translate) -> None:
    """The licence of a data set, beside the control that chooses it."""
    st.caption(_("Licence of the data: {licence}").format(licence=plain(_(data_sets.info_of(data)["licence"]))))


def fetch_note(name: str, _: Translate) -> None:
    """In the place of a preview: that a set will be fetched, and where its files belong that come by another way."""
    missing = data_sets.missing(name)
    st.info(_("**{data} is fetched when you start**, and the pictures appear here: the first time this takes a moment. A transfer that "
              "breaks off goes on where it stopped.").format(data=_(registry.dataset[name].title)), icon=":material/download:")  # fmt: skip
    if missing is None:
        return
    words = [_("Without a network, put {files} into {folder} by hand, then start.")]
    if missing.inside:
        words.append(_("Of what is in that archive, {inside} are enough."))
    st.caption(" ".join(words).format(files=plain(", ".join(missing.files)), folder=plain(str(missing.folder)),
                                      inside=plain(", ".join(missing.inside))))  # fmt: skip
