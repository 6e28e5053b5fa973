"""What is said of a picture set: its licence, and how its files can be had."""

import streamlit as st

from gan_core import data as data_sets
from gan_core import registry
from gan_core.config import DataConfig, RunConfig
from gan_core.pictures.store import COMMAND_LINE, PictureSets
from gan_core.runs.listing import Row
from gan_core.text import joined
from pages._ui import service
from pages._ui.controls import Translate
from pages._ui.failures import plain
from pages._ui.owner import owner_id


def set_title(set_id: str, _: Translate) -> str:
    """What a set of pictures is called: by the name that the visitor gave it, or the command line; those of others stay nameless."""
    sets = PictureSets(service.scheduler().store.root)
    made = sets.get(set_id, owner_id()) or sets.get(set_id, COMMAND_LINE)
    if made is not None:
        return made.name
    if sets.get(set_id) is not None:
        return _("Somebody's pictures")
    return _("Pictures that are not here ({name}…)").format(name=set_id[:8])


def data_title(config: RunConfig, _: Translate) -> str:
    """What the data of a run are called: a set of one's own by the name that it was given."""
    if set_id := data_sets.imported(config.data):
        return set_title(set_id, _)
    return _(registry.dataset[config.data.name].title)


def row_data(row: Row, _: Translate) -> str:
    """The same of a row of the table of runs."""
    if row.pictures:
        return set_title(row.pictures, _)
    return _(registry.dataset[row.dataset].title) if row.dataset in registry.dataset else row.dataset


def run_title(row: Row, _: Translate) -> str:
    """What a run is called: its name, else what it learns."""
    return row.name or row_data(row, _) or row.id


def lacks_pictures(data: DataConfig) -> bool:
    """Whether settings name a set of pictures that cannot be used here."""
    return bool(set_id := data_sets.imported(data)) and set_is_gone(set_id)


def set_is_gone(set_id: str) -> bool:
    """Whether a set is not here, or damaged."""
    return PictureSets(service.scheduler().store.root).get(set_id) is None


def gone_note(set_id: str, translates: bool, _: Translate) -> None:
    """Above a run that rests, and whose pictures are not here."""
    if translates:
        st.warning(_("The two folders of this run ({name}…) are not on this server any more: the set was deleted, damaged, or made elsewhere. Runs hold no "
                     "copy of them. What it has learned can still be tried by hand, below. To see its past, to train on, or to measure it, import the same "
                     "files again with the same choices: they become the same set.").format(name=set_id[:8]), icon=":material/hide_image:")  # fmt: skip
        return
    st.warning(_("The pictures of this run ({name}…) are not on this server any more: its set was deleted, damaged, or made elsewhere. Runs hold no copy "
                 "of them. Its curves and its past can be looked at, and its generator explored and exported. To train on, or to measure it, import "
                 "the same files again with the same choices: they become the same set.").format(name=set_id[:8]),
               icon=":material/hide_image:")  # fmt: skip


def no_set_note(translates: bool, _: Translate) -> None:
    """Where pictures of one's own are wanted and none are chosen."""
    st.info(_("No folders of yours are chosen yet, so outlines and digits stand in for them. Bring two, or take a set that you kept.") if translates
            else _("No pictures of yours are chosen yet, so the small digits stand in for them. Bring some, or take a set that you kept."),
            icon=":material/add_photo_alternate:")  # fmt: skip


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
    st.caption(joined(*words).format(files=plain(", ".join(missing.files)), folder=plain(str(missing.folder)),
                                      inside=plain(", ".join(missing.inside))))  # fmt: skip
