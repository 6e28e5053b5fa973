"""The words of the live view: codes with their English text, which the page translates once a script run and hands to the browser."""

from collections.abc import Callable, Iterable

from gan_core import registry
from gan_core.config import field as field_of
from gan_core.config import fields
from gan_core.data import table
from gan_core.data.download import FETCHING
from gan_core.data.painting import DRAWING
from gan_core.data.pictures import RESIZING
from gan_core.diagnosis import treatments
from gan_core.engine import workshop
from gan_core.metrics.classifier import TRAINING
from gan_core.runs import breaking, case_file, engines, lock, scheduler, session
from gan_core.runs import words as run_words
from gan_core.text import N_
from pages._ui import graph, judges
from pages._ui.controls import code_title, power_series
from pages._ui.i18n import joints
from pages._ui.nearest_words import NEAREST

# Code -> English. A code with `.help` is the sentence of a tooltip, one with `.hint` what to look for in a panel.
LABELS: dict[str, str] = {
    **{f"status.{code}": title for code, title in run_words.STATUSES.items()},
    **{f"panel.{name}": title for name, title in run_words.PANELS.items()},
    **{f"curve.{name}": title for name, title in run_words.CURVES.items()},
    "transport": N_("Training controls"),
    "pause": N_("Pause"),
    "pause.help": N_("Hold the training; nothing is lost."),
    "resume": N_("Resume"),
    "resume.help": N_("Go on from this step."),
    "step": N_("One step"),
    "step.help": N_("Make one training step; pause first."),
    "stop": N_("Stop"),
    "stop.help": N_("End the training here; the run is kept and can be resumed."),
    "reset": N_("Reset"),
    "reset.help": N_("Start again from step 0 with the same seed."),
    "time": N_("The run's past"),
    "time.present": N_("Drag to look back"),
    "time.at": N_("Back at step {step}"),
    "time.earlier": N_("One kept moment earlier"),
    "time.later": N_("One kept moment later"),
    "time.replay": N_("Replay what is kept of the run"),
    "time.now": N_("Back to now"),
    "time.now.help": N_("Training has gone on meanwhile."),
    "time.branch": N_("Branch"),
    "time.branch.help": N_("A new run goes on from this moment: paused, so that you can change its settings first."),
    "reset.ask": N_(
        "Back to step 0. The present state at step {step}, its curves and its history go; the settings stay."
    ),
    "reset_seed": N_("New seed"),
    "reset_seed.help": N_("Back to step 0 with the next seed: other first weights, other noise."),
    "reset_seed.ask": N_(
        "Back to step 0 with the next seed. The present state at step {step}, its curves and its history go; the settings stay."
    ),
    "cancel": N_("Cancel"),
    "more": N_("More"),
    "step_d": N_("D step"),
    "step_d.help": N_("Only the discriminator learns, for one iteration."),
    "step_g": N_("G step"),
    "step_g.help": N_("Only the generator learns, for one iteration."),
    "speed.value": N_("{value} steps/s"),
    "speed.value.one": N_("{value} step/s"),
    "slow": N_("Slow motion"),
    "slow.help": N_("One iteration, phase by phase, each explained."),
    "slow.next": N_("Next phase"),
    "slow.next.help": N_("Go on to the next phase, or begin an iteration."),
    "slow.play": N_("Play"),
    "slow.play.help": N_("One phase after the other."),
    "slow.hold": N_("Hold"),
    "slow.hold.help": N_("Stay at this phase."),
    "slow.finish": N_("Finish"),
    "slow.finish.help": N_("Go through the phases that are left at once."),
    "slow.close": N_("Close slow motion; what was begun is finished"),
    "slow.pace": N_("Time for each phase"),
    "slow.seconds": N_("{seconds} s"),
    "slow.part.d": N_("D"),
    "slow.part.g": N_("G"),
    "slow.part.v": N_("Encoder and decoder"),
    "slow.part.end": N_("End"),
    "slow.round": N_("round {round} of {rounds}"),
    "slow.batchpart": N_("part {part} of {parts} of the batch"),
    "slow.idle": N_("One iteration in slow motion"),
    "slow.idle.text": N_(
        "The next phase begins an iteration. Everything stands still between two phases. At the end the run is exactly where "
        "an ordinary step would have brought it."
    ),
    "slow.running": N_("The run still trains"),
    "slow.running.text": N_("Pause it: slow motion goes on from where it rests."),
    "phase.d.batch": N_("Real samples are drawn"),
    "phase.d.batch.text": N_("A batch comes from the data. The discriminator shall learn to call these samples real."),
    "phase.d.fakes": N_("The generator makes as many"),
    "phase.d.fakes.text": N_(
        "Random numbers, the noise, become samples. The generator does not learn in this part: it is only the opponent."
    ),
    "phase.d.judge": N_("The discriminator judges both"),
    "phase.d.judge.text": N_(
        "Each sample gets one number, its logit: the higher, the more real it looks to the discriminator. Far apart means "
        "that it tells the two kinds from each other."
    ),
    "phase.d.loss": N_("The discriminator's loss"),
    "phase.d.loss.text": N_(
        "How wrong it was, averaged over the batch. A gradient penalty is added where one is set and due at this step."
    ),
    "phase.d.gradients": N_("The discriminator's gradients"),
    "phase.d.gradients.text": N_(
        "Backwards through the network: for each weight, which way and how strongly it raises the loss."
    ),
    "phase.d.update": N_("The discriminator's weights move"),
    "phase.d.update.text": N_(
        "The optimiser takes a small step against the gradients. From here on it judges anew; a field in the picture shows it."
    ),
    "phase.g.fakes": N_("The generator makes new samples"),
    "phase.g.fakes.text": N_(
        "Fresh noise becomes fresh samples. This time every operation is remembered, so that blame can flow back through it."
    ),
    "phase.g.judge": N_("The discriminator judges them"),
    "phase.g.judge.text": N_(
        "Now it is the teacher: its weights stay as they are. Real samples are judged too where the loss compares with them."
    ),
    "phase.g.loss": N_("The generator's loss"),
    "phase.g.loss.text": N_(
        "Small where the discriminator takes the samples for real. This is all that the generator hears."
    ),
    "phase.g.gradients": N_("The gradients flow back"),
    "phase.g.gradients.text": N_(
        "Through the discriminator to each sample: which way it would have to move to look more real, drawn as an arrow on "
        "points. From there on to the generator's weights."
    ),
    "phase.g.update": N_("The generator's weights move"),
    "phase.g.update.text": N_(
        "The optimiser takes a small step. All samples move at once, since they share the weights: one that is pulled can "
        "push others."
    ),
    "phase.v.batch": N_("Pictures are drawn from the data"),
    "phase.v.batch.text": N_(
        "A batch of real pictures. They are all that is needed: nothing is judged, and nothing is generated from noise."
    ),
    "phase.v.encode": N_("The encoder gives each a code"),
    "phase.v.encode.text": N_(
        "Not one code but a cloud: a mean and a spread for each of its numbers. A point of that cloud is drawn with fresh noise, in a way "
        "that gradients pass through."
    ),
    "phase.v.decode": N_("The decoder draws them again"),
    "phase.v.decode.text": N_(
        "From the code alone. What the code does not say, it can only guess: the average of what might have been there."
    ),
    "phase.v.loss": N_("The loss that both share"),
    "phase.v.loss.text": N_(
        "How far each picture is from the one it was made of, and how far its cloud is from the noise that samples will be drawn from."
    ),
    "phase.v.gradients": N_("The gradients flow back through both"),
    "phase.v.gradients.text": N_(
        "From the picture through the decoder to the code, and on through the encoder: one slope for all weights."
    ),
    "phase.v.update": N_("The weights of both move"),
    "phase.v.update.text": N_(
        "Downhill on the same loss. Nobody plays against anybody, so nothing circles and nothing is forgotten."
    ),
    "phase.end": N_("The iteration is complete"),
    "phase.end.text": N_(
        "It counts as one step. Where the generator learned, its average moves a little towards it. The run is where it would "
        "be without slow motion, to the last bit."
    ),
    "phase.value.samples": N_("Samples"),
    "phase.value.samples.help": N_("How many are in this batch; at most 200 of them are drawn."),
    "phase.value.dimensions": N_("Noise numbers"),
    "phase.value.dimensions.help": N_("How many random numbers each sample is made from."),
    "phase.value.d_real": N_("Mean on real"),
    "phase.value.d_real.help": N_("Mean logit of the real samples."),
    "phase.value.d_fake": N_("Mean on generated"),
    "phase.value.d_fake.help": N_("Mean logit of the generated samples."),
    "phase.value.loss": N_("Loss"),
    "phase.value.loss.help": N_("Mean over the batch, without a penalty."),
    "phase.value.penalty": N_("Penalty"),
    "phase.value.penalty.help": N_("Before it is multiplied by its weight."),
    "phase.value.weight": N_("Its weight"),
    "phase.value.weight.help": N_("What the penalty is multiplied by at this step."),
    "phase.value.total": N_("Together"),
    "phase.value.total.help": N_("Loss plus weighted penalty: what is made small."),
    "phase.value.gradient": N_("Gradient norm"),
    "phase.value.gradient.help": N_("Length of the gradient over all weights of the player."),
    "phase.value.code_mean": N_("Size of the means"),
    "phase.value.code_mean.help": N_("Root mean square of the codes' means. Near 0 they say nothing."),
    "phase.value.code_spread": N_("Spread of a code"),
    "phase.value.code_spread.help": N_(
        "Mean standard deviation of a number of a code. Near 1 it says nothing, near 0 it is exact."
    ),
    "phase.value.reconstruction": N_("Reconstruction"),
    "phase.value.reconstruction.help": N_("In nats a picture: π times the squared distance from the picture."),
    "phase.value.kl": N_("KL divergence"),
    "phase.value.kl.help": N_("In nats a picture: how far its cloud of codes is from the noise."),
    "phase.value.beta": N_("β"),
    "phase.value.beta.help": N_("What the KL divergence is multiplied by."),
    "phase.value.pull": N_("On a sample"),
    "phase.value.pull.help": N_(
        "Mean length of the gradient of the loss on one generated sample: how strongly it is pulled."
    ),
    "phase.value.rate": N_("Learning rate"),
    "phase.value.rate.help": N_("As the schedule has it at this step."),
    "phase.value.clipped": N_("Clipped norm"),
    "phase.value.clipped.help": N_("Length of the gradient after clipping."),
    "phase.value.change": N_("Change of weights"),
    "phase.value.change.help": N_("Length of the step that all weights took together."),
    "phase.value.share": N_("Of their length"),
    "phase.value.share.help": N_("The change as a share of the weights' own length."),
    "phase.value.step": N_("Steps"),
    "phase.value.images": N_("Samples seen"),
    "phase.value.decay": N_("Average keeps"),
    "phase.value.decay.help": N_("The share of the old average that stays."),
    "strip.real": N_("Real"),
    "strip.fake": N_("Generated"),
    "strip.losses": N_("Losses"),
    "strip.latents": N_("Noise"),
    "strip.latent": N_("Noise {i}"),
    "strip.caption.judge": N_("Logits: real are circles, generated are diamonds"),
    "strip.caption.loss": N_("What each sample, or each pair, adds to the loss"),
    "strip.caption.encode": N_("The codes: where their numbers lie"),
    "strip.caption.fakes": N_("The noise: where its numbers lie"),
    "strip.caption.batch": N_("Coordinates of the real samples"),
    "strip.caption.gradients": N_("Gradient norm of each layer"),
    "strip.caption.update": N_("How far each layer's weights moved"),
    "strip.caption.none": "",
    "status.preview": N_("Untrained"),
    "status.queued.at": N_("Waiting, place {place}"),
    "status.queued.help": N_(
        "Only so many runs train at the same time here. This one starts as soon as one before it is paused or ends."
    ),
    "watching": N_("Watching"),
    "watching.help": N_("This run belongs to somebody else: you can watch it, not change it."),
    "reconnecting": N_("Reconnecting"),
    "crowded": N_("Too many viewers, trying again"),
    "disconnected": N_("Not connected"),
    "closed.4401": N_("The permission to watch this run has expired. Reload the page; the run itself goes on."),
    "closed.4403": N_("The server does not let this page watch the run. Open the page at the server's own address."),
    "closed.4404": N_("This run is no longer on the server. Saved runs stay on disk: resume it or start a new one."),
    "unreadable": N_("A picture arrived damaged and was skipped."),
    "stat.step": N_("steps"),
    "stat.step.one": N_("step"),
    "stat.images": N_("samples seen"),
    "stat.rate": N_("steps/s"),
    "engine.eager": N_("eager"),
    "engine.eager.help": N_("Each step calls one small operation after the other."),
    "engine.compiling": N_("compiling"),
    "engine.compiling.help": N_(
        "Training goes on eagerly while a faster program for the whole step is made; then it changes over by itself."
    ),
    "engine.compiled": N_("compiled"),
    "engine.compiled.help": N_("The whole step is one program, made for these settings."),
    "progress": N_("Progress of the schedule"),
    "progress.help": N_("How much of the learning-rate schedule has been used up."),
    "machine": N_("Progress, time left, device and memory"),
    "machine.progress": N_("{value} of the schedule"),
    "machine.progress.help": N_(
        "{images} of {horizon} samples seen. Then learning rates and weights have reached their last values."
    ),
    "machine.done": N_("Schedule complete"),
    "machine.endless": N_("No end set"),
    "machine.endless.help": N_("It trains until you stop it. A schedule with a length in samples gives it an end."),
    "machine.left": N_("about {time} left"),
    "machine.left.help": N_("At the pace of the last half minute, everything that it waits for included."),
    "machine.seconds": N_("{seconds} s"),
    "machine.minutes": N_("{minutes} min"),
    "machine.hours": N_("{hours} h {minutes} min"),
    "machine.cpu": N_("CPU, threads: {threads}"),
    "machine.mps": N_("Apple GPU"),
    "machine.device.help": N_("Where the networks are computed."),
    "machine.memory": N_("about {size}"),
    "machine.memory.help": N_(
        "Memory of this run, estimated from its settings: {weights} for the weights with their gradients, averages and copies, "
        "{activations} for what the layers put out in one step, {pictures} for the training pictures. The program itself comes on top."
    ),
    "machine.memory.cuda": N_(
        "On the GPU all runs of this server hold {allocated} at this moment, and {reserved} are reserved for them."
    ),
    "machine.memory.gpu": N_("GPU: {allocated} in use"),
    "bylayer": N_("Gradient norms by layer"),
    "bylayer.hint": N_("Far shorter than the others: hardly learns. Far longer: may blow up"),
    "bylayer.g": N_("Generator, from noise to sample"),
    "bylayer.d": N_("Discriminator, from sample to output"),
    "bylayer.g.vae": N_("Decoder, from code to picture"),
    "bylayer.d.vae": N_("Encoder, from picture to code"),
    "bylayer.kind.linear": N_("{place} · fully connected, {in} → {out}"),
    "bylayer.kind.convolution": N_("{place} · convolution {side} × {side}, {in} → {out}"),
    "bylayer.kind.transposed": N_("{place} · transposed convolution {side} × {side}, {in} → {out}"),
    "bylayer.kind.attention": N_("{place} · self-attention, {in} channels"),
    "bylayer.kind.first": N_("{place} · learned first pictures {side} × {side}, {out}"),
    "bylayer.kind.other": N_("{place} · other weights"),
    "picture": N_("Real points, generated points and the critic's field"),
    "said.points": N_("Step {step}: {fake} generated points among {real} real ones"),
    "said.modes": N_("{modes} of {total} clusters have generated points"),
    "said.middle": N_("On average generated points lie at {fake}, real ones at {real}"),
    "said.outputs": N_("D's mean output is {real} on real points, {fake} on generated ones"),
    "said.field": N_("The critic leans towards real over {share} of the picture"),
    "said.layers": N_("Shown: {names}"),
    "said.grid": N_("{count} pictures in {rows} rows and {columns} columns, at step {step}"),
    "said.classes": N_("The columns: {names}"),
    "said.curve": N_("{name}: from {first} to {last}, lowest {low}, highest {high}"),
    "said.marks": N_("Changes marked: {count}"),
    "said.output": N_("{name} {mean}, from {low} to {high}"),
    "real": N_("Real"),
    "real.help": N_("Points of the data that the generator tries to imitate: blue circles."),
    "fake": N_("Generated"),
    "fake.help": N_("What the generator makes of fixed random inputs: orange diamonds."),
    "ghost": N_("Ghost"),
    "ghost.help": N_("The run that is pinned behind this one, in grey: hollow diamonds, and its curves. {run}"),
    "ghost.at": N_("{name}, step {step}"),
    "field": N_("Critic's field"),
    "field.help": N_("What the discriminator believes at each place; the thin line is where it cannot decide."),
    "layers": N_("Layers of the picture"),
    "contours": N_("Contours"),
    "contours.help": N_(
        "Lines along which the critic's verdict is the same, every tenth of the way from generated to real."
    ),
    "sheet": N_("Warped noise"),
    "sheet.help": N_(
        "The generator's manifold: an even grid of noise after the generator has bent it, the darker the more noise a place holds. "
        "With one number of noise it is a curve. With more than two, the first two vary and the others rest at 0."
    ),
    "morph": N_("Play: noise flows through the generator"),
    "arrows": N_("Arrows"),
    "arrows.help": N_(
        "Where generated points are pushed. Lengths can be compared, also between pictures beside each other."
    ),
    "arrows.of": N_("What the arrows show"),
    "pull": N_("Generator's loss"),
    "pull.help": N_(
        "Arrows point where the generator's loss falls fastest: the way its next step tries to move each point."
    ),
    "slope": N_("Critic's slope"),
    "slope.help": N_("Arrows point where the critic's output rises fastest, whatever the loss makes of it."),
    "trails": N_("Trails"),
    "trails.help": N_("Where some of the generated points were during the last three seconds."),
    "density": N_("Density"),
    "density.help": N_("Lines of equal density: solid around real points, dashed around generated ones."),
    "point.real": N_("Real point"),
    "point.fake": N_("Generated point"),
    "point.noise": N_("noise ({noise})"),
    "point.output": N_("D(x) = {value}"),
    "field.low": N_("generated"),
    "field.high": N_("real"),
    "field.key.help": N_("Colour of the critic's field: orange where it says generated, blue where it says real."),
    "weights": N_("Weights of the generator"),
    "averaged": N_("Averaged"),
    "averaged.help": N_("Samples of the averaged generator (EMA): calmer and usually better."),
    "live": N_("Live"),
    "live.help": N_("Samples of the generator as it is at this very step."),
    "hover": N_("Point at the picture to read a place"),
    "place": N_("x {x}, y {y}"),
    "verdict.probability": N_("D says: {value} real"),
    "verdict.real": N_("Critic leans towards real"),
    "verdict.fake": N_("Critic leans towards generated"),
    "verdict.undecided": N_("Critic is undecided"),
    "save": N_("Save picture"),
    "save.png": N_("As PNG"),
    "save.svg": N_("As SVG"),
    "save.step": N_("step {step}"),
    "zoom.in": N_("Zoom in"),
    "zoom.out": N_("Zoom out"),
    "zoom.reset": N_("Show all"),
    "zoom.range": N_("Steps {from} to {to}"),
    "zoom.hint": N_("Drag to zoom"),
    "grid.real": N_("Real"),
    "grid.real.help": N_("Pictures from the data set."),
    "grid.rebuilt": N_("Drawn again"),
    "grid.rebuilt.help": N_("The real pictures after encoding and decoding: what their codes say of them."),
    "grid.fake": N_("Generated"),
    "grid.fake.help": N_("Pictures the generator makes of the same fixed inputs each time. Click one to enlarge it."),
    "pairs.fake": N_("{kind}, translated"),
    "pairs.fake.help": N_("What the generator makes of it. These pictures are held out: it has not learned from them."),
    "pairs.into": N_("Given"),  # a page says what these are of its data
    "pairs.out": N_("Wanted"),
    "pairs.matched": "1",
    "pairs.given": "{kind}",
    "pairs.given.help": N_("What goes in: the same held-out pictures at every look."),
    "pairs.real": N_("{kind}, the truth"),
    "pairs.real.help": N_("What should have come out."),
    "pairs.real.unknown": N_("Other pictures of the wanted kind: nobody knows what should have come out."),
    "pairs.back": N_("{kind}, and back"),
    "pairs.back.help": N_("The translation, translated back: it should be what went in."),
    "pairs.other": "{kind}",
    "pairs.other.help": N_("The other way round: what goes into the second generator."),
    "pairs.other_fake": N_("{kind}, translated"),
    "pairs.other_fake.help": N_("What the second generator makes of it."),
    "pairs.other_back": N_("{kind}, and back"),
    "pairs.other_back.help": N_("That, translated there again: it should be what went in."),
    "cell": N_("row {row}, column {column}"),
    "enlarged": N_("Enlarged picture"),
    "grid.lacks": N_("Not kept of this moment"),
    "grid.empty": N_("The pictures appear here once the data are ready."),
    "close.class.fake": N_("Generated as {class}"),
    "close.class.real": N_("Real {class}"),
    "close.start": N_(
        "Start training: then this shows what the discriminator says of the picture, what it looks at, and the training pictures "
        "that are nearest."
    ),
    "close.wait": N_("Being looked at"),
    "close.late": N_(
        "No answer yet. A slow run needs longer; of a run that another process trains only the pictures can be seen."
    ),
    "close.d": N_("What D says"),
    "close.chance": N_("{value} real"),
    "close.output": N_("output {value}"),
    "close.means": N_("Mean output on the grids: {real} on real pictures, {fake} on generated ones."),
    "close.packed": N_("D sees {count} pictures at once: this one with those that follow it in the grid."),
    "close.gone": N_("Of this moment only the pictures are kept, not the networks."),
    "close.saliency": N_("Show what D looks at"),
    "close.saliency.text": N_(
        "The stronger the colour, the more D's output changes with that pixel (|∂D/∂x|). Along this gradient the generator learns."
    ),
    "close.saliency.low": N_("counts little"),
    "close.saliency.high": N_("counts most"),
    **NEAREST,
    "previous": N_("Previous picture"),
    "next": N_("Next picture"),
    "close": N_("Close"),
    "curves.empty": N_("Curves appear after the first steps"),
    "axis.step": N_("step"),
    "axis.log": N_("log scale"),
    "mark": N_("Step {step}: {text}"),
    "mark.change": N_("{name}: {old} → {new}"),
    "panel.loss.hint": N_("Neither should run away from the other"),
    "panel.elbo.hint": N_("Drawn again more exactly, or codes closer to the noise"),
    "panel.critic.hint": N_("Close together: it hardly tells them apart"),
    "panel.gradients.hint": N_("Spikes or zeros announce trouble"),
    "panel.penalty.hint": N_("Should settle, not grow"),
    "panel.augmentation.hint": N_("Rises while D is too sure of real pictures"),
    "panel.metrics.hint": N_("Measured on a larger draw from time to time"),
    "panel.frechet.hint": N_("The lower the better, down to the dotted line: real pictures"),
    "panel.divergence.hint": N_("In nats; the dotted line is what a perfect generator scores"),
    "panel.distance.hint": N_("The lower the better, down to the dotted line"),
    "curve.d_loss.help": N_("What the discriminator tries to make small, without the penalty."),
    "curve.g_loss.help": N_("What the generator tries to make small."),
    "panel.held.hint": N_("Lower: nearer to what it should be"),
    "panel.translation.hint": N_("Lower: nearer to what it should be"),
    "curve.l1.help": N_(
        "Mean difference between translations and true pictures of the training set, values from −1 to 1."
    ),
    "curve.cycle.help": N_(
        "Mean difference between training pictures and themselves after going there and back, values from −1 to 1; both directions."
    ),
    "curve.identity.help": N_(
        "Mean change of training pictures that were of the wanted kind already, values from −1 to 1."
    ),
    "curve.test_l1.help": N_(
        "Mean difference between held-out translations and the true pictures, from 0 to 1. When it rises while the training's falls, "
        "G learns its pairs by heart."
    ),
    "curve.cycle_there.help": N_(
        "Mean difference between held-out pictures and themselves after going there and back, from 0 to 1."
    ),
    "curve.cycle_back.help": N_("The same of held-out pictures of the wanted kind."),
    "panel.psnr.hint": N_("Higher: nearer to the truth"),
    "curve.psnr.help": registry.metric["psnr"].help,
    "panel.ssim.hint": N_("Higher: nearer to the truth"),
    "curve.ssim.help": registry.metric["ssim"].help,
    "curve.reconstruction.help": N_(
        "π times the squared distance between a picture and the one that is drawn again from its code."
    ),
    "curve.kl.help": N_(
        "How far the codes of a picture are from the noise: how much they say. Near 0 all pictures are alike."
    ),
    "curve.d_real.help": N_(
        "Mean logit that the discriminator gives to real samples: the higher, the surer that they are real."
    ),
    "curve.d_fake.help": N_(
        "Mean logit that the discriminator gives to generated samples: the lower, the surer that they are not real."
    ),
    "curve.d_gradient.help": N_("Length of the gradient over all the discriminator's weights."),
    "curve.g_gradient.help": N_("Length of the gradient over all the generator's weights."),
    "curve.encoder_gradient.help": N_("Length of the gradient over all the encoder's weights."),
    "curve.decoder_gradient.help": N_("Length of the gradient over all the decoder's weights."),
    "curve.penalty.help": N_("What the penalty adds to the discriminator's loss."),
    "curve.augment_p.help": N_("How likely each change of a picture is (ADA): from 0, none, up to 0.8."),
    "curve.quality.help": N_("Share of samples within three standard deviations of a cluster's centre."),
    "curve.coverage.help": N_("Share of the clusters that have at least one good sample."),
    "curve.precision.help": N_(
        "Share of the generated pictures that are as near to a real one as its third neighbour: how many look real."
    ),
    "curve.recall.help": N_(
        "Share of the real pictures that are as near to a generated one as its third neighbour: how much of the data is drawn."
    ),
    "curve.class_coverage.help": N_(
        "Share of the classes that a classifier finds among the generated pictures at least once."
    ),
    "curve.as_asked.help": N_(
        "Share of the generated pictures that a classifier reads as the class that was asked for."
    ),
    "curve.fd.by": N_("FD ({by})"),
    "curve.fd.help": N_(
        "Distance between Gaussians fitted to real and generated pictures in a classifier's features. It is no FID, and "
        "comparable only where features and number of samples are the same."
    ),
    "curve.class_kl.help": N_(
        "How differently from the data the generated pictures are spread over the classes; 0 is exactly as the data's own."
    ),
    "curve.reverse_kl.help": N_("How unevenly the good samples are spread over the clusters; 0 is perfectly even."),
    "curve.js.help": N_(
        "How differently real and generated samples fill a grid of cells; 0 is the same, 0.69 nothing in common."
    ),
    "curve.swd.help": N_(
        "How far the generated samples must be moved to lie like real ones, averaged over directions."
    ),
    "outputs": N_("Discriminator's outputs"),
    "outputs.hint": N_("Apart: it tells them apart. Together: it cannot"),
    "outputs.real": N_("On real points, mean"),
    "outputs.fake": N_("On generated points, mean"),
    "outputs.pictures.hint": N_("Blue and green together: D judges pictures; apart: it remembers them"),
    "outputs.pictures.real": N_("Training, mean"),
    "outputs.pictures.held": N_("Held out, mean"),
    "outputs.pictures.fake": N_("Generated, mean"),
    "outputs.pictures.look": N_(
        "Held-out pictures are as real as the training pictures, but the discriminator never learns from them. If they move away towards the "
        "generated ones, it has learned its training pictures by heart, and what it tells the generator is worth less and less."
    ),
    "outputs.pictures.way": N_(
        "Held-out pictures lie {share} % of the way from the training pictures to the generated ones."
    ),
    "outputs.pictures.same": N_("On average D hardly tells training pictures from generated ones now."),
    "outputs.pictures.from": N_("The same {pictures} pictures of each kind each time, last at step {step}."),
    "outputs.pictures.past": N_("The discriminator of this moment is not kept"),
    "perfect": N_("perfect: {value}"),
    "instead": N_("real ones: {value}"),
    "doctor": N_("Diagnosis"),
    "doctor.help": N_("Click for what this means, why it happens and what helps."),
    "doctor.since": N_("Since step {step}: {text}"),
    "doctor.others": N_("+{count}"),
    "doctor.what": N_("What it is"),
    "doctor.why": N_("Why it happens"),
    "doctor.means": N_("What that means"),
    "doctor.helps": N_("What helps"),
    "doctor.apply": N_("Apply this"),
    "doctor.applied": N_("Being applied"),
    "from.samples": N_("from {samples} samples at step {step}"),
    "from.judged": N_("from {samples} samples at step {step}, by the {features}"),
    "floor.real": N_("Dotted: {value}, what real pictures score in the place of the generated ones."),
    "floor.asked": N_("Dotted: {value}, how often the classifier reads real pictures rightly."),
    "floor.perfect": N_("Dotted: {value}, what a perfect generator scores on average."),
} | graph.LABELS

_SENTENCES = (session.PREPARING, session.SHARE, session.SIZE, FETCHING, RESIZING, DRAWING, TRAINING, *breaking.SENTENCES, session.SCHEDULE_DONE, table.MISSING, table.DAMAGED,
              scheduler.ABANDONED, lock.IN_USE, *engines.SENTENCES, *workshop.SENTENCES)  # fmt: skip


def live_labels(_: Callable[[str], str], lang: str = "en", sentences: Iterable[str] = ()) -> dict[str, str]:
    """The words of the view in the page's language; `lang` (a BCP 47 tag) sets how numbers are written.

    Titles of metrics and settings come from their own metadata. A frame carries a message as template and parameters, the
    same for every viewer: the templates of a session are included, `sentences` are further ones that may turn up.
    """
    words = {code: _(text) if text else "" for code, text in LABELS.items()}
    for metric in registry.metric.entries():
        words |= {f"metric.{metric.name}": _(metric.title), f"metric.{metric.name}.help": _(metric.help),
                  f"metric.{metric.name}.written": metric.info.get("written", "number")}  # fmt: skip
    words |= graph.registry_words(_)
    speed = field_of("speed")
    words |= {"speed": _(speed.spec.title), "speed.help": _(speed.spec.help), "speed.full": _(speed.spec.zero),
              "speed.options": ",".join(f"{value:g}" for value in power_series(speed))}  # fmt: skip
    words |= {f"setting.{field.name}": _(field.spec.title) for field in fields()}
    words |= _conditions(_)
    said = (*_SENTENCES, *treatments.SENTENCES, case_file.THEN, case_file.LAST, *sentences)
    words |= {f"message:{template}": _(template) for template in said if template}
    return words | judges.labels(_) | joints(_) | {"lang": lang}


def _conditions(_: Callable[[str], str]) -> dict[str, str]:
    """What the diagnosis can say, and how the values that it proposes are written."""
    words: dict[str, str] = {}
    for entry in registry.condition.entries():
        code = f"condition.{entry.name}"
        words |= {code: _(entry.title), f"{code}.help": _(entry.help), f"{code}.why": _(entry.info["why"])}
        words |= {f"message:{template}": _(template) for template in entry.info["says"]}
    for setting in fields():
        if setting.spec.live and setting.spec.choices is not None:
            words |= {f"choice.{setting.name}.{value}": code_title(setting, value, _) for value in setting.spec.codes}
    return words
