"""Notebook 07: training."""

_A = "the gradients are erased before the step"
_N = "the gradients are never erased"
_F = "the features carry no gradient"
_D = "the fakes are detached in the generator's loss"
_Z = "the discriminator stays frozen"
_O = "the optimiser holds the wrong network"
_EXISTING = "the loss counts the existing region alone"
_HOLE = "the loss counts the hole alone"
_INVERTED = "the first network sees the hole instead of the rest"
_WIDER = "the input's hole is wider than the one that is filled"
_RATE = "the learning rate is too high"
_FINE = "nothing is wrong"

WRONG = {
    "7.1": [
        (
            "step < epochs_one * steps_per_epoch -> step <= epochs_one * steps_per_epoch",
            "first step|count from 0|one step late|<|one too",
        ),
        (
            "0.0 if step < epochs_one * steps_per_epoch else 1.0 -> 1.0 if step < epochs_one * steps_per_epoch else 0.0",
            "phase two|exchanged|other way|phase one",
        ),
        ("epochs_one * steps_per_epoch -> epochs_one", "epoch|steps_per_epoch"),
        (
            "return 0.0 if step < epochs_one * steps_per_epoch else 1.0 -> return min(1.0, step / (epochs_one * steps_per_epoch)) if epochs_one else 1.0",
            "jump|slope|gradual|0.0 or 1.0|between",
        ),
        (
            "return 0.0 if step < epochs_one * steps_per_epoch else 1.0 -> return step >= epochs_one * steps_per_epoch",
            "bool|float|0.0",
        ),
        ("step < -> step + 1 <", "one step early|count from 0|too early|step"),
        ("step < epochs_one * steps_per_epoch -> step // steps_per_epoch <= epochs_one", "epoch|late"),
        ("step < epochs_one * steps_per_epoch -> step % steps_per_epoch < epochs_one", "epoch|remainder|%|//|step"),
        ("else 1.0 -> else 0.0", "phase two|1.0|never"),
        ("epochs_one * steps_per_epoch -> epochs_one + steps_per_epoch", "multipl|product|times"),
    ],
    "7.2": [
        ("lambda_1 * L_c -> lambda_1 * L_c.detach()", "gradient"),
        ("lambda_1 * L_c + lambda_2 * L_s -> lambda_2 * L_c + lambda_1 * L_s", "exchanged|lambda_1|λ_1"),
        ("return L if L_a is None else L + lambda_3 * L_a -> return L + lambda_3 * L_a", "None"),
        ("L + lambda_3 * L_a -> L - lambda_3 * L_a", "sign|L_a"),
        ("L + lambda_3 * L_a -> L + L_a", "lambda_3|λ_3"),
        ("L_r + lambda_1 * L_c -> lambda_1 * (L_r + L_c)", "L_r|lambda_1|λ_1"),
        ("return L if L_a is None else L + lambda_3 * L_a -> return L", "L_a"),
        (
            "return L if L_a is None else L + lambda_3 * L_a -> return 0 * L if L_a is None else L + lambda_3 * L_a",
            "phase one|None|L_a",
        ),
        ("L_r + lambda_1 * L_c + lambda_2 * L_s -> lambda_1 * L_c + lambda_2 * L_s", "L_r"),
        (
            "return L if L_a is None else L + lambda_3 * L_a -> return (L if L_a is None else L + lambda_3 * L_a) / 4",
            "factor|0.25|quarter|sum|average|mean",
        ),
    ],
    "7.3": [
        ("    opt_G.zero_grad()\n -> ", "zero_grad|erase|old gradients"),
        ("    opt_G.step()\n -> ", "step|not move|weights"),
        ("    L.backward()\n -> ", "backward|gradient"),
        ("vgg(out.I_c1)[1] -> vgg(out.I_c2)[1]", "I_c1|L_c"),
        ("vgg(out.I_c2) -> vgg(out.I_c1)", "I_c2|L_s"),
        ("vgg(out.I_c1)[1] -> vgg(out.I_p1)[1]", "composite|I_c1|L_c"),
        ("config.lambda_1 * L_c -> L_c", "lambda_1|λ_1"),
        (
            ("    opt_G.zero_grad()\n -> ", "L.backward()\n -> L.backward()\n    opt_G.zero_grad()\n"),
            "zero_grad|erase|before the step",
        ),
        (
            "    L_s = losses.L_s(vgg(out.I_c2), phis_gt)\n -> \n    with torch.no_grad():\n        L_s = losses.L_s(vgg(out.I_c2), phis_gt)\n",
            "L_s|gradient|no_grad",
        ),
        ("losses.L_r(out.I_p1, out.I_p2 -> losses.L_r(out.I_c1, out.I_c2", "L_r|prediction|I_p"),
    ],
    "7.4": [
        ("I_p1.detach(), I_p2.detach() -> I_p1, I_p2", "generator|detach"),
        ("(-L_a).backward() -> L_a.backward()", "sign|ascend|minus|−L_a|-L_a"),
        ("    opt_D.zero_grad()\n -> ", "zero_grad|erase|old gradients"),
        ("    opt_D.step()\n -> ", "step|not move"),
        ("alpha * real -> real", "alpha|α"),
        ("I * (1 - M) -> I * M", "hole|region|other way"),
        ("I * (1 - M) -> I", "hole|region|whole"),
        ("return L_a.detach() -> return -L_a.detach()", "sign|return|L_a"),
        ("[I * (1 - M), M] -> [I * (1 - M), 1 - M]", "mask|M|fourth"),
        ("(1 - fake_1) + (1 - fake_2) -> (1 - fake_1)", "I_p2|fake|second|both"),
    ],
    "7.5": [
        (_N, "erase|before"),
        (_F, "feature|VGG|vgg"),
        (_D, "discriminator|fake|no D"),
        (_Z, "discriminator|no D"),
        (_O, "G|optimiser"),
        ("zero_grad", "list|line"),
        (1, "list|line|str"),
        ("the learning rate is too high", "list|line"),
    ],
    "7.6": [
        (_A, "zero_grad|erase|falls|order"),
        (_N, "zero_grad|erase"),
        (_D, "discriminator|fake|no D"),
        (_Z, "discriminator|no D"),
        (_O, "G|optimiser|falls"),
        ("no_grad", "list|line"),
        (2, "list|line|str"),
        ("the loss counts the hole alone", "list|line"),
    ],
    "7.7": [
        (_A, "zero_grad|erase|order"),
        (_N, "zero_grad|erase"),
        (_F, "feature|VGG|vgg"),
        (_D, "fake|detach"),
        (_Z, "frozen|freez|requires_grad"),
        ("opt_D", "list|line"),
        (3, "list|line|str"),
        ("wrong optimiser", "list|line"),
    ],
    "7.8": [
        ("return d * average + (1 - d) * weights -> return (1 - d) * average + d * weights", "exchanged|other way|old"),
        ("min -> max", "min|smaller|decay"),
        ("min(decay, (1 + n) / (10 + n)) -> decay", "n|early|beginning|(1 + n)"),
        ("(1 + n) / (10 + n) -> n / (10 + n)", "1|n"),
        ("(1 + n) / (10 + n) -> (1 + n) / 10 + n", "parenthes|divi|\\(10 \\+ n\\)"),
        ("return d * average + (1 - d) * weights -> return d * average + weights", "1 − d|1 - d|sum to one"),
        ("average.mul_(d).add_((1 - min(decay, (1 + n) / (10 + n))) * weights)\nreturn average", "in place|d"),
        ("min(decay, (1 + n) / (10 + n)) -> (1 + n) / (10 + n)", "decay"),
        ("return d * average + (1 - d) * weights -> return (average + weights) / 2", "half|d|decay"),
        ("(1 + n) / (10 + n) -> (2 + n) / (11 + n)", "n|earlier|count|one"),
    ],
    "7.9": [
        (5, "step 5|same weights|before the update|computed with"),
        (10, "differs|Adam|momentum|state"),
        (7, "6|already|one step"),
        (4, "done|before"),
        (0, "done|before|from step 5"),
        (1, "done|before|6|from"),
        (9, "6|already|first"),
        (11, "ten|0 to 9|10"),
        (8, "6|already|first"),
        (3, "done|before"),
    ],
    "7.10": [
        (_EXISTING, "hole|existing"),
        (_HOLE, "streaks|around|existing|input|sees"),
        (_WIDER, "hole|edge|rim"),
        (_RATE, "falls|steady|rate"),
        (_FINE, "streak|existing|too low|above"),
        ("inverted mask", "list|line"),
        (_A, "list|line"),
        (3, "list|line|str"),
    ],
    "7.11": [
        (_HOLE, "hole|existing|around"),
        (_INVERTED, "hole|around|inside|balcon"),
        (_WIDER, "edge|rim|hole"),
        (_RATE, "falls|steady|rate|low"),
        (_FINE, "weave|hole|same"),
        ("wrong region", "list|line"),
        (_A, "list|line"),
        (1, "list|line|str"),
    ],
    "7.12": [
        (_EXISTING, "edge|rim|hole"),
        (_HOLE, "edge|rim|wider|existing"),
        (_INVERTED, "edge|rim|wider|blur"),
        (_RATE, "edge|rim|falls|steady"),
        (_FINE, "edge|rim"),
        ("hole too wide", "list|line"),
        (_A, "list|line"),
        (4, "list|line|str"),
    ],
    "7.13": [
        ("D.requires_grad_(False) -> pass", "freeze|D learns|gradient"),
        ("D.requires_grad_(True) -> pass", "thaw|frozen|again"),
        ("(out.I_p1, out.I_p2)) -> (out.I_p1.detach(), out.I_p2.detach()))", "detach"),
        ("config.lambda_3 * losses -> losses", "λ_3|lambda_3"),
        ("+ config.lambda_3 * -> - config.lambda_3 *", "subtract|sign|added"),
        ("[I * (1 - M), M] -> [I * M, M]", "existing|1 − M|hole"),
        ("[I * (1 - M), M] -> [I, M]", "whole|hole"),
        ("(1 - M), M] -> (1 - M), 1 - M]", "fourth|mask"),
        ("(out.I_p1, out.I_p2)) -> (out.I_p1,))", "second|both|two|score_p2|argument"),
        ("(out.I_p1, out.I_p2)) -> (out.I_p1, out.I_p1))", "first|second|both|I_p"),
        ("opt_G.zero_grad() -> pass", "zero_grad"),
        ("vgg(out.I_c2) -> vgg(out.I_p2)", "composite|I_c2"),
        ("opt_G.step() -> pass", "step"),
    ],
}
