"""Pictures of one's own: brought as files or archives or taken from a folder of the server, looked at, made into a set, kept."""

import base64
import html
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from gan_core import config as settings
from gan_core import presets, registry
from gan_core.config import RunConfig
from gan_core.errors import PlaygroundError
from gan_core.pictures.advice import Advice, advice, advice_of_two, fitting_batch
from gan_core.pictures.choices import COLOURS, FITS, FOLDERS, PAIR_SIZES, SIZES, Choices
from gan_core.pictures.importing import PHASES, Given, Import, first_name, preview
from gan_core.pictures.reasons import NOTES, REASONS, Reason
from gan_core.pictures.store import COMMAND_LINE, LONGEST_NAME, Damaged, PictureSet, PictureSets
from gan_core.pictures.upload import folders, inside
from gan_core.text import N_, beside, listed, pair, told
from pages._ui import service
from pages._ui import settings as server
from pages._ui.bring import drop_zone, held
from pages._ui.controls import new_data
from pages._ui.failures import plain
from pages._ui.i18n import file_size, language, number, translate
from pages._ui.owner import owner_id
from pages._ui.uploads import Tray

Translate = Callable[[str], str]
Apply = Callable[[dict[str, Any]], None]

TITLE = N_("Your own pictures")
NEW = N_("New data set")
POLL_SECONDS = 2.0
_AT_FIRST = 1.5  # seconds that the dialog waits for a small set, so that it need not ask again
_SHOWN_NAMES, _SHOWN_CLASSES = 12, 30


class OwnPictures:
    """The dialog of a page that shows the settings `config`. `apply` takes settings, or raises ConfigError and changes nothing; `adopt` takes a
    whole configuration. Where pictures are translated, sets are of two folders."""

    def __init__(self, page: str, config: RunConfig, apply: Apply, adopt: Callable[[RunConfig], bool]) -> None:
        self.page, self.config, self.apply, self.adopt = page, config, apply, adopt
        self.translates = config.translates
        self.sets = PictureSets(service.scheduler().store.root)
        self.owner = owner_id()

    # ── opening ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def button(self, primary: bool = False, key: str = "own-pictures") -> None:
        """A button that opens the dialog."""
        _ = translate()
        st.button(_(TITLE), icon=":material/add_photo_alternate:", key=f"{self.page}.{key}", width="stretch",
                  type="primary" if primary else "secondary", on_click=self._open,
                  help=_("Two folders of photographs or drawings, or a ZIP or TAR that holds two: what lies in one becomes what lies in the other.") if self.translates
                  else _("Photographs or drawings as files, a folder, a ZIP or a TAR: they become a data set of yours."))  # fmt: skip

    def show(self) -> None:
        """The dialog, while it is open. It stays so when the page is drawn again, at the end of an import say."""
        if st.session_state.get(self._key("open")):
            st.dialog(translate()(TITLE), width="large", on_dismiss=self._close)(self._dialog)()

    def _open(self) -> None:
        st.session_state[self._key("open")] = True

    def _close(self) -> None:
        st.session_state.pop(self._key("open"), None)

    def _key(self, name: str) -> str:
        return f"{self.page}.pictures.{name}"

    def _dialog(self) -> None:
        _ = translate()
        root = server.options().pictures_folder
        parts: dict[str, Callable[[], None]] = {
            _(NEW): lambda: self._new(_),
            _("Your data sets"): lambda: self._kept(_),
        }
        if root is not None:
            parts[_("Folder on the server")] = lambda: self._on_server(root, _)
        if problem := st.session_state.pop(self._key("problem"), None):
            st.error(plain(told(problem, _)), icon=":material/error:")
        for tab, draw in zip(st.tabs(list(parts), key=self._tabs_key, on_change="rerun"), parts.values(), strict=True):
            if tab.open:
                with tab:
                    _guarded(draw, _)

    @property
    def _tabs_key(self) -> str:
        return self._key(f"tabs.{language()}")  # what is open is known by its title

    def _do(self, action: Callable[[], object]) -> None:
        """In a callback: what is wrong is said when the dialog is drawn."""
        try:
            action()
        except PlaygroundError as error:
            st.session_state[self._key("problem")] = error

    # ── a new set ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _tray(self) -> Tray:
        arrivals = service.arrivals()
        known = st.session_state.get(self._key("tray"))
        tray = arrivals.get(known, self.owner) if known else arrivals.left_by(self.owner)
        tray = tray or arrivals.new(self.owner)
        st.session_state[self._key("tray")] = tray.id
        held(tray.id)
        return tray

    def _give_up(self) -> None:
        """Remove what was brought; a set that was made of it stays."""
        if known := st.session_state.pop(self._key("tray"), None):
            service.arrivals().remove(known, self.owner)
        st.session_state.pop(self._key("folder"), None)
        st.session_state.pop(self._key("preview"), None)

    def _new(self, _: Translate) -> None:
        tray = self._tray()
        if tray.job is not None:
            self._job(tray, tray.job, _)
            return
        folder: Given | None = st.session_state.get(self._key("folder"))
        if self.translates:
            st.caption(_("Two folders, one for each kind of pictures: drop both, or a ZIP or TAR that holds both. What lies in the one learns to become what "
                         "lies in the other."))  # fmt: skip
        if folder is None:
            drop_zone(tray, service.arrivals().limits, self._key(f"bring.{tray.id}"), language().replace("_", "-"), _,
                      variant="two" if self.translates else "")  # fmt: skip
        given = [*tray.given, *([folder] if folder else [])]
        if given:
            self._choose(tray, given, _)

    def _choose(self, tray: Tray, given: Sequence[Given], _: Translate) -> None:
        said = _("From the server's folder {name}.").format(name=plain(given[-1].name)) if not tray.given else _(
            "Files that arrived: {count} ({size}). You can add more.").format(count=number(len(tray.given)), size=file_size(tray.bytes))  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/check_circle: {said}", width="stretch")
            st.button(_("Start over"), icon=":material/restart_alt:", key=self._key("over"), on_click=self._give_up,
                      help=_("Remove these files from the server and choose others."))  # fmt: skip
        folders = Choices.folders
        if self.translates:
            offered = [code for code in FOLDERS if code != Choices.folders]
            folders = st.selectbox(_("The two folders"), offered, key=self._key("folders"), format_func=lambda code: _(FOLDERS[code]),
                                   help=_("In pairs (pix2pix): *photos/7.jpg* and *drawings/7.png* show the same. Without pairs (CycleGAN): any pictures of two kinds, "
                                          "as horses and zebras."))  # fmt: skip
        left, middle, right = st.columns(3)
        sizes = PAIR_SIZES if self.translates else SIZES
        size = left.selectbox(_("Size"), sizes, index=sizes.index(64), key=self._key("size"), format_func=lambda s: f"{s} × {s}",
                              help=_("Pixels of the square that each picture becomes. Training time grows with the area: begin with 32 or 64."))  # fmt: skip
        fit = middle.selectbox(_("Shape"), list(FITS), key=self._key("fit"), format_func=lambda code: _(FITS[code]),
                               help=_("What becomes of a picture that is no square."))  # fmt: skip
        colour = right.selectbox(_("Colour"), list(COLOURS), key=self._key("colour"), format_func=lambda code: _(COLOURS[code]),
                                 help=_("Grey pictures train faster: one channel instead of three."))  # fmt: skip
        choices = Choices(size, fit, colour, folders)
        self._look(given, choices, _)
        name = st.text_input(_("Name of the data set"), value=first_name(given), max_chars=LONGEST_NAME, key=self._key(f"name.{tray.id}"),
                             help=_("How you will find it again. You can change it later."))  # fmt: skip
        if st.button(_("Make the data set"), type="primary", icon=":material/check:", key=self._key("make")):
            limits = service.arrivals().limits
            self.sets.check_room(self.owner, limits)
            tray.job = Import(self.sets, given, choices, name.strip() or first_name(given), self.owner, limits)
            tray.job.start()
            tray.job.wait(_AT_FIRST)
            st.rerun()

    def _look(self, given: Sequence[Given], choices: Choices, _: Translate) -> None:
        """A dozen of the pictures as they would be; read once for the same files and choices."""
        asked = (tuple(one.path for one in given), choices)
        kept = st.session_state.get(self._key("preview"))
        if kept is None or kept[0] != asked:
            with st.spinner(_("Reading a few of the pictures")):
                kept = st.session_state[self._key("preview")] = (
                    asked,
                    preview(given, choices, service.arrivals().limits),
                )
        found = kept[1]
        if len(found.pictures):
            st.html(mosaic(found.pictures, found.names))
        else:
            st.warning(_("None of the first files is a picture that can be read."), icon=":material/broken_image:")
        _listed(found.reasons, REASONS, _)

    def _job(self, tray: Tray, job: Import, _: Translate) -> None:
        if not job.has_ended:
            st.fragment(self._progress, run_every=POLL_SECONDS)(job)
            return
        if job.result is not None:
            self._result(job.result, job, _)
        elif job.error is not None:
            st.error(plain(told(job.error, _)), icon=":material/error:")
            _listed(job.refused, REASONS, _)
        else:
            st.info(_("Cancelled. Nothing was kept of it."), icon=":material/cancel:")
        with st.container(horizontal=True):
            if job.result is None and (tray.given or st.session_state.get(self._key("folder"))) and st.button(
                _("Back to the choices"), icon=":material/arrow_back:", key=self._key("back")
            ):  # fmt: skip
                tray.job = None
                st.rerun()
            st.button(
                _("Make another data set"), icon=":material/add:", key=self._key("another"), on_click=self._give_up
            )

    def _progress(self, job: Import) -> None:
        _ = translate()
        if job.has_ended:
            st.rerun()
        now = job.progress
        st.progress(min(1.0, max(0.0, now.share)), text=_(PHASES[now.phase]))
        st.caption(_("Taken: {accepted}. Left out: {refused}. {seconds} s.").format(
            accepted=number(now.accepted), refused=number(now.refused), seconds=number(now.seconds, 0)))  # fmt: skip
        st.button(_("Cancel"), icon=":material/close:", key=self._key("cancel"), on_click=job.cancel,
                  help=_("End it; nothing is kept. Closing this window ends nothing: open it again to see how far it is."))  # fmt: skip

    def _result(self, made: PictureSet, job: Import, _: Translate) -> None:
        st.success(plain(_("{name} is ready.").format(name=made.name)), icon=":material/check_circle:")
        self._shown(made, _)
        _listed(job.refused, REASONS, _, _("Left out: {count}"))
        _listed(job.notes, NOTES, _, _("Taken, but changed: {count}"))
        if self.translates and not made.translates:
            st.warning(self._unfit(_), icon=":material/info:")
            return
        found = self._advice(made)
        st.info(_(found.text).format(**found.params), icon=":material/lightbulb:")
        with st.container(horizontal=True):
            if st.button(_("Use with the recommended recipe"), type="primary", icon=":material/auto_awesome:", key=self._key("recipe"),
                         help=plain(_("Takes the preset {preset} and what suits this many pictures.").format(preset=_(registry.preset[found.preset].title)))):  # fmt: skip
                self._use_recipe(made)
            if st.button(_("Use only the data"), icon=":material/image:", key=self._key("only"),
                         help=_("Other settings change only where the data ask for it.")):  # fmt: skip
                self._use(made)

    def _unfit(self, _: Translate) -> str:
        return _("To translate, a set needs two folders of pictures, at {size} pixels at least.").format(
            size=PAIR_SIZES[0]
        )

    def _shown(self, made: PictureSet, _: Translate) -> None:
        """Some of its pictures, and what it holds."""
        st.html(mosaic(_some(self.sets.root, made)))
        st.markdown(_facts(made, _))
        if made.classes:
            st.caption(self._classes(made, _))

    def _classes(self, made: PictureSet, _: Translate) -> str:
        """The classes of a set, with how many pictures each has; in Markdown."""
        pairs = zip(made.classes, self.sets.class_counts(made), strict=True)
        names = listed((beside(plain(name), number(count), _) for name, count in list(pairs)[:_SHOWN_CLASSES]), _)
        more = len(made.classes) - _SHOWN_CLASSES
        text = _("Folders: {names}") if made.translates and self.translates else _("Classes: {names}")
        return text.format(names=names) + (_(" and {more} more").format(more=number(more)) if more > 0 else "")

    # ── using one ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _advice(self, made: PictureSet) -> Advice:
        if self.translates:
            return advice_of_two(made.count, made.size, paired=made.paired)
        return advice(made.count, made.size, made.channels)

    @property
    def _data_name(self) -> str:
        return "own_pairs" if self.translates else "pictures"

    def _settings_for(self, config: RunConfig, made: PictureSet) -> dict[str, Any]:
        """What to change so that a run of these settings learns this set: a batch that it can fill, too."""
        learned = self.sets.learned(made)
        changes = new_data(config, self._data_name, made.id) | {"data.image_size": made.size}
        return changes | fitting_batch(config.batch_size, min(learned) if self.translates else sum(learned))

    def _use(self, made: PictureSet) -> None:
        self.apply(self._settings_for(self.config, made))
        self._taken(made)

    def _use_recipe(self, made: PictureSet) -> None:
        found = self._advice(made)
        recipe = settings.replace(presets.load(found.preset), dict(found.changes))
        wanted = self._settings_for(recipe, made) | {"data.image_size": min(found.size, made.size)}
        if self.adopt(settings.replace(recipe, wanted)):
            self._taken(made)

    def _taken(self, made: PictureSet) -> None:
        st.session_state[f"{self.page}.last.{self._data_name}"] = made.id
        self._give_up()
        self._close()
        st.rerun()

    # ── kept sets, and the server's folders ──────────────────────────────────────────────────────────────────────────────

    def _kept(self, _: Translate) -> None:
        mine = self.sets.of(self.owner)
        common = [one for one in self.sets.of(COMMAND_LINE) if one.id not in {own.id for own in mine}]
        damaged = self.sets.damaged(self.owner)
        if not mine and not common and not damaged:
            st.caption(_("You have made no data set here yet."))
        for one in damaged:
            self._damaged(one, _)
        for made in mine:
            self._one(made, self.owner, _)
        if common:
            st.caption(_("Made on the command line of this server, for everybody:"))
        for made in common:
            self._one(made, COMMAND_LINE, _)

    def _one(self, made: PictureSet, owner: str, _: Translate) -> None:
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{plain(made.name)}**  \n{_facts(made, _)}", width="stretch")
                fits = made.translates or not self.translates
                if st.button(_("Use"), icon=":material/check:", key=self._key(f"use.{made.id}"), type="primary", disabled=not fits,
                             help=None if fits else self._unfit(_)):  # fmt: skip
                    self._use(made)
                if owner == self.owner or service.owns(owner):
                    with st.popover(_("More"), key=self._key(f"more.{made.id}")):
                        self._change(made, owner, _)
            st.html(mosaic(_some(self.sets.root, made)))
            if made.classes:
                st.caption(self._classes(made, _))

    def _change(self, made: PictureSet, owner: str, _: Translate) -> None:
        key = self._key(f"rename.{made.id}")
        st.text_input(_("Name"), value=made.name, max_chars=LONGEST_NAME, key=key)
        st.button(_("Rename"), icon=":material/edit:", key=self._key(f"do-rename.{made.id}"),
                  on_click=self._do, args=(lambda: self.sets.rename(made.id, owner, st.session_state[key]),))  # fmt: skip
        self._delete(made.id, owner, _)

    def _delete(self, set_id: str, owner: str, _: Translate) -> None:
        sure = st.checkbox(_("Delete it for good"), key=self._key(f"sure.{set_id}"),
                           help=_("Runs that learn it go on; once they rest, they can be looked at and explored, but not trained on."))  # fmt: skip
        st.button(_("Delete"), icon=":material/delete:", key=self._key(f"delete.{set_id}"), disabled=not sure,
                  on_click=self._do, args=(lambda: self.sets.remove(set_id, owner),))  # fmt: skip

    def _damaged(self, one: Damaged, _: Translate) -> None:
        """A set that cannot be used, and the two ways out."""
        with st.container(border=True):
            st.warning(_("**{name}** is damaged: its files are not what was written. Import the same files again with the same choices, and it is "
                         "whole again, for your runs too. Or delete it.").format(name=plain(one.name)), icon=":material/broken_image:")  # fmt: skip
            self._delete(one.id, self.owner, _)

    def _on_server(self, root: Path, _: Translate) -> None:
        offered = folders(root)
        chosen = st.selectbox(
            _("Folder"), ["", *offered], key=self._key("server"), format_func=lambda n: n or _("Choose a folder")
        )
        deeper = st.text_input(
            _("Or a path below it"), key=self._key("path"), help=_("Inside the folder that this server allows.")
        )
        st.button(_("Look at it"), icon=":material/folder_open:", key=self._key("look"), disabled=not (deeper or chosen),
                  on_click=self._do, args=(lambda: self._take_folder(root, st.session_state[self._key("path")] or st.session_state[self._key("server")]),))  # fmt: skip

    def _take_folder(self, root: Path, wanted: str) -> None:
        found = Given(inside(root, wanted), wanted)
        self._give_up()
        st.session_state[self._key("folder")] = found
        st.session_state[self._tabs_key] = translate()(NEW)


def _guarded(draw: Callable[[], None], _: Translate) -> None:
    """What is wrong is said in its place."""
    try:
        draw()
    except PlaygroundError as error:
        st.error(plain(told(error, _)), icon=":material/error:")


def _facts(made: PictureSet, _: Translate) -> str:
    words = [_("{count} pictures, {held} of them held out for the metrics").format(count=number(made.count), held=number(made.held_out)),
             f"{made.size} × {made.size}", _("colour") if made.channels == 3 else _("grey")]  # fmt: skip
    if made.paired:
        words.append(_("{count} pairs").format(count=number(made.count // 2)))
    elif made.classes:
        words.append(_("{count} classes").format(count=number(len(made.classes))))
    return " · ".join([*words, file_size(made.bytes), made.created[:10]])


def _listed(reasons: Sequence[Reason], texts: dict[str, str], _: Translate, title: str = "") -> None:
    """Reasons with their counts and the first names of each, folded."""
    if not reasons:
        return
    shown = title or _("Left out of these: {count}")
    with st.expander(shown.format(count=number(sum(r.count for r in reasons))), icon=":material/rule:"):
        for reason in reasons:
            names = listed((plain(name) for name in reason.names[:_SHOWN_NAMES]), _)
            dots = " …" if reason.count > min(len(reason.names), _SHOWN_NAMES) else ""
            st.markdown(f"{pair(f'**{_(texts[reason.code])}**', number(reason.count), _)}  \n{names}{dots}")


def _some(root: Path, made: PictureSet, count: int = 12) -> NDArray[np.uint8]:
    """Some pictures of a set, spread over it, of pairs both; the rest stays on the disk."""
    pictures = np.load(root / "pictures" / made.id / "pictures.npy", mmap_mode="r", allow_pickle=False)
    step = 2 if made.paired else 1
    rows = np.linspace(0, len(pictures) // step - 1, min(count, len(pictures)) // step).astype(int) * step
    return np.array(pictures[np.ravel(rows[:, None] + np.arange(step))])


def mosaic(pictures: NDArray[np.uint8], names: Sequence[str] = ()) -> str:
    """HTML of pictures (n, C, S, S) beside each other, as many in a row as fit."""
    cells = []
    for i, picture in enumerate(pictures):
        held = io.BytesIO()
        rows = picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0)
        Image.fromarray(np.ascontiguousarray(rows)).save(held, "PNG")
        name = html.escape(names[i] if i < len(names) else "", quote=True)
        cells.append(
            f'<img src="data:image/png;base64,{base64.b64encode(held.getvalue()).decode("ascii")}" alt="{name}" title="{name}">'
        )
    return f'<div class="gp-mosaic">{"".join(cells)}</div>'
