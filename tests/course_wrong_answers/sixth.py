"""A sixth list, held out: one or two plausible mistakes for each exercise, written with the fifth and tried once at the end."""

WRONG = {
    "0.1": [
        # Divided by the square.
        ("return missing_pixels / all_pixels ** 2", "square|once"),
        # Upside down.
        ("return all_pixels / missing_pixels", "upside|turned|exchang|other way|divided by|divide"),
    ],
    "1.1": [
        # The prediction where the picture exists.
        ("return I_in * M + I_p * M", "1 - M|hole|exist|other"),
        # The prediction is overwritten.
        ("I_p *= 1 - M\nreturn I_in + I_p", "in place|chang|argument|overwr"),
    ],
    "1.2": [
        # A count.
        ("return (1 - M).sum((1, 2, 3))", "divid|number of|fraction|share|sum"),
        # The median.
        ("return (1 - M).flatten(1).median(1).values", "median|mean"),
    ],
    "1.3": [
        # The walk does not come from the generator.
        (
            "int(torch.randint(len(rim), (), generator=generator)) -> int(torch.randint(len(rim), ()))",
            "generator|random|seed",
        ),
        # Right: the text asks for float values.
        ("return M -> return M.double()", "x"),
    ],
    "1.4": [
        # The line's whole width.
        ([16, 3], "line|half|middle|2"),
    ],
    "1.5": [
        # One step too few.
        ("range(steps) -> range(steps - 1)", "one|step|fewer|less"),
        # Existing pixels are erased.
        ("I = I_in + mean * (1 - M) -> I = (I_in + mean) * (1 - M)", "exist|eras|zero"),
    ],
    "1.6": [
        # Divided by the existing pixels.
        ("(3 * (1 - M).sum((1, 2, 3))) -> (3 * M.sum((1, 2, 3)))", "exist|other|missing|hole"),
        # The error of the existing pixels.
        ("/ 2) ** 2 * (1 - M) -> / 2) ** 2 * M", "exist|other|hole"),
    ],
    "1.7": [
        # 20 dB for a factor of ten.
        ([30, 50, 70], "10|20|log|tenth|factor"),
    ],
    "1.8": [
        # The first image's PSNR for the mean.
        ([20, 23], "mean|40|both|20 and"),
    ],
    "1.9": [
        # Shifted stripes are as wrong as they can be.
        ([0.25, 0.25], "shift|wrong|every|each|whole"),
    ],
    "2.1": [
        # A hole of four by four.
        (16, "3|hole|location|window|9"),
    ],
    "2.2": [
        # The absolute bias.
        ("(window * weight).sum() + bias -> (window * weight).sum() + bias.abs()", "absolut|abs|sign|negative|bias"),
        # Always the first image.
        ("x_pad[n, :, i : i + k, j : j + k] -> x_pad[0, :, i : i + k, j : j + k]", "first|batch|own|image"),
    ],
    "2.3": [
        # Regions exchanged.
        (
            "return existing * M + missing * (1 - M) -> return missing * M + existing * (1 - M)",
            "exchang|other way|swap",
        ),
        # The input's location decides.
        (
            "return reflect_conv2d(x * M, W, b) + reflect_conv2d(x * (1 - M), W_hat, b_hat)",
            r"input|before|after|location|output|2\.5|channel",
        ),
    ],
    "2.4": [
        # Corners are not aligned.
        ("return F.interpolate(M, (h, w))", "align|corner|floor|interpolate"),
        # Rows are rounded up.
        ("+ 0.5).long()\n    columns -> + 1).long().clamp(max=H - 1)\n    columns", r"0\.5|half|up|round|row"),
    ],
    "2.5": [
        # No bias.
        ("reflect_conv2d(stacked, filters, b) -> reflect_conv2d(stacked, filters, torch.zeros_like(b))", "bias"),
        # Filters exchanged.
        ("[W, W_hat] -> [W_hat, W]", "exchang|order|other way|swap|W_hat"),
    ],
    "2.6": [
        # 5×5 reaches two columns on each side.
        ((2, 3), "5|side|both|each"),
    ],
    "2.7": [
        # k for k².
        ("k**2 / taps.clamp(min=1) -> k / taps.clamp(min=1)", r"k²|k\*\*2|square|k × k|9"),
        # Empty windows give the bias.
        ("return out * M_new, M_new -> return out, M_new", r"\b0\b|zero|nothing|empty|bias"),
    ],
    "2.8": [
        # Odd columns get the filters of even ones.
        (
            "r[..., 0] + r[..., 1], r[..., 2]], dim=-1) -> r[..., 0], r[..., 1] + r[..., 2]], dim=-1)",
            "odd|column|even|same|phase",
        ),
        # Rows exchanged in the odd phase.
        (
            "w[:, :, 0] + w[:, :, 1], w[:, :, 2]], dim=2), -> w[:, :, 2], w[:, :, 0] + w[:, :, 1]], dim=2),",
            "order|exchang|row|revers|upside|backward",
        ),
    ],
    "2.9": [
        # A mean.
        ("w0 + w1 + w2, -> (w0 + w1 + w2) / 3,", "3|third|mean|divid|sum"),
        # The sign of C.
        ("w0 + w1 + w2, w2 -> w0 + w1 + w2, -w2", r"sign|minus|\bC\b"),
    ],
    "3.1": [
        # The mask first.
        ("[I_gt * M, M] -> [M, I_gt * M]", "order|first|last|exchang"),
        # No mask.
        ("return I_gt * M", "mask|fourth|channel|4"),
    ],
    "3.2": [
        # No dilation.
        ("(kernel - 1) * dilation * step -> (kernel - 1) * step", "dilation"),
        # Stride and dilation exchanged.
        ("for kernel, stride, dilation in -> for kernel, dilation, stride in", "order|exchang|stride|dilation"),
    ],
    "3.3": [
        # Row and column exchanged.
        ("[..., row, column] -> [..., column, row]", "row|column|exchang"),
        # The first input channel only.
        ("(x.grad != 0).any(dim=1) -> (x.grad != 0)[:, 0]", "channel|first|any"),
    ],
    "3.4": [
        # Exchanged.
        ((False, True), "exchang|other way|dilation|order"),
    ],
    "3.5": [
        # The period is one too long.
        ("period = 2 * (n - 1) -> period = 2 * n - 1", "period|n - 1|one|border|repeat"),
        # Always the way back.
        ("return min(i, period - i) -> return period - i", "min|smaller|turn|half|first"),
    ],
    "3.6": [
        # x12 alone.
        (128, "x4|three|skip|both|hole|times|only"),
    ],
    "3.7": [
        # The skip of the hole.
        ("skip * M, -> skip * (1 - M),", "skip|exist|hole|other"),
        # No ELU.
        (
            "return F.elu(reflect_conv2d(upsample_nearest(regions, 2), weight, bias)) -> return reflect_conv2d(upsample_nearest(regions, 2), weight, bias)",
            "ELU|activation",
        ),
    ],
    "3.8": [
        # The predictions are compared with each other.
        ("(I_p2 - I_gt).abs().sum()) -> (I_p2 - I_p1).abs().sum())", "I_gt|truth|I_p1|each other"),
        # Squares.
        (
            "((I_p1 - I_gt).abs().sum() + (I_p2 - I_gt).abs().sum()) -> ((I_p1 - I_gt).square().sum() + (I_p2 - I_gt).square().sum())",
            "square|absolut",
        ),
    ],
    "3.9": [
        # The example.
        (({"clip"}, {"clip", "tanh"}), "clip|flat|cut|elu"),
    ],
    "4.1": [
        # A root.
        ("psi.transpose(1, 2) @ psi -> (psi.transpose(1, 2) @ psi).sqrt()", "root"),
        # No gradient.
        ("phi.flatten(2) -> phi.detach().flatten(2)", "detach|gradient"),
    ],
    "4.2": [
        # Not averaged over the batch.
        ("sigma * difference.abs().sum() / len(phi_c1) -> sigma * difference.abs().sum()", "batch|divid|mean"),
        # Squares.
        ("difference.abs() -> difference.square()", "square|absolut"),
    ],
    "4.3": [
        # The composites are compared with each other.
        ("features(I_gt)[1] -> features(I_c2)[1]", "truth|I_gt|I_c2"),
        # Different pools.
        ("features(I_c1)[1], -> features(I_c1)[0],", r"pool 2|pool|index|shape|error|\[1\]"),
    ],
    "4.4": [
        # Pairs of two changed positions count twice.
        (4000, "twice|both|overlap|once|400"),
    ],
    "4.5": [
        # One image.
        ("b * n * n * dtype.itemsize -> n * n * dtype.itemsize", r"batch|\bb\b|image"),
        # Bits.
        ("b * n * n * dtype.itemsize -> b * n * n * dtype.itemsize * 8", "bit|byte|8"),
    ],
    "4.6": [
        # Tiles above the diagonal count once.
        ("(1 if i == j else 2) * D.abs().sum() -> D.abs().sum()", "twice|below|symmetr|2|once"),
        # B's own tile.
        (
            "- B[i : i + tile] @ B[j : j + tile].T -> - B[i : i + tile] @ B[i : i + tile].T",
            r"\bB\b|column|\bj\b|row|shape|tile",
        ),
    ],
    "4.7": [
        # Two large products are subtracted.
        ("return E @ A.T + B @ E.T -> return A @ A.T - B @ B.T", r"large|cancel|precision|digit|subtract|\bE\b"),
        # A sign.
        ("return E @ A.T + B @ E.T -> return E @ A.T - B @ E.T", "sign|minus|plus"),
    ],
    "4.8": [
        # Divided by c.
        ("A.shape[1] ** 2 -> A.shape[1]", r"c²|square|\bc\b"),
        # B in the place of A.
        ("2 * S @ A -> 2 * S @ B", r"\bA\b|\bB\b"),
    ],
    "5.1": [
        # The mean is subtracted.
        ("x = phi.flatten(2) -> x = phi.flatten(2) - phi.flatten(2).mean(2, keepdim=True)", "mean|subtract|covarian"),
        # A root of the divisor.
        ("(c * h * w) -> (c * h * w) ** 0.5", "root"),
    ],
    "5.2": [
        # All entries are summed.
        ((0.5, 32), "diagonal|8|eight|64"),
    ],
    "5.3": [
        # L_c notices a shuffle.
        ({"positions shuffled": set(), "channels rotated": {"L_s"}}, "shuffl|L_c|position"),
    ],
    "5.4": [
        # Pool 1 is forgotten.
        (
            "zip(phis_c2, phis_gt, strict=True) -> zip(phis_c2[1:], phis_gt[1:], strict=True)",
            "pool|first|three|left out",
        ),
        # No gradient.
        ("gram(phi_c2) - gram(phi_gt) -> gram(phi_c2.detach()) - gram(phi_gt)", "detach|gradient"),
    ],
    "5.5": [
        # No squares.
        ("phi.square().mean() -> phi.mean()", "square"),
        # A difference for a quotient.
        ("weights = 1 / diagonal_sums -> weights = 1 - diagonal_sums / diagonal_sums.sum()", "1 /|inver|divid|recip"),
    ],
    "5.6": [
        # The first network's skip is empty in the hole.
        ((256, 256), "first|exist|skip|x4|hole"),
    ],
    "5.7": [
        # Exchanged.
        ("return I_c1, I_c2 -> return I_c2, I_c1", "order|exchang"),
        # The second network sees the truth.
        ("second(I_c1, M) -> second(I_gt, M)", "truth|I_gt|I_c1|answer|see"),
    ],
    "5.8": [
        # L_c and L_s exchanged.
        (
            {"L_r": {"I_p1", "I_p2"}, "L_c": {"I_c2"}, "L_s": {"I_c1"}, "L_a": {"I_p1", "I_p2"}},
            "L_c|L_s|exchang|first|second",
        ),
    ],
    "6.1": [
        # Kernel steps of two.
        (127, r"\b4\b|kernel|5|k - 1|k −"),
    ],
    "6.2": [
        # No mask.
        ("return I * (1 - M)", "mask|channel|4|four"),
        # The existing region is white.
        ("[I * (1 - M), M] -> [I * (1 - M) + M, M]", "zero|white|1|added|exist"),
    ],
    "6.3": [
        # Rows are the inputs.
        (
            "matrix = W.flatten(1) -> matrix = W.transpose(0, 1).flatten(1)",
            r"axis|out|\bin\b|flatten|row|transpos|order",
        ),
        # The largest entry.
        ("return W / (u @ matrix @ v) -> return W / matrix.abs().max()", "largest|entry|max|spectral|norm|singular"),
    ],
    "6.4": [
        # I_p2 is forgotten.
        ((2,), "3|both|I_p2|second"),
    ],
    "6.5": [
        # The sign.
        ("return -(1 - score_p1).mean() - (1 - score_p2).mean()", "sign|minus"),
        # I_p1 is forgotten.
        ("return (1 - score_p2).mean()", "score_p1|both|first"),
    ],
    "6.6": [
        # The sign.
        ("return -L_a -> return L_a", "sign|minus|ascend"),
        # A sum.
        ("score_gt.mean() -> score_gt.sum()", "mean|sum"),
    ],
    "6.7": [
        # No alpha.
        ("return alpha * real + fake -> return real + fake", "alpha"),
        # No margin.
        ("F.relu(1 + score_p1) -> F.relu(score_p1)", r"1\b|margin"),
    ],
    "6.8": [
        # -0.5 has no gradient.
        (3, r"0\.5|zero|positive|negative|flat"),
    ],
    "6.9": [
        # Cells of the wrong size.
        ("return F.avg_pool2d(1 - M, (h, w))", "size|shape|cell|H // h"),
        # Whether everything is missing.
        ("return 1 - F.adaptive_max_pool2d(M, (h, w))", "max|any|share|all|whole|every"),
    ],
    "6.10": [
        # Not the mask.
        ("d", "mask|gap|apart|hole"),
    ],
    "6.11": [
        # Not this one.
        ("a", "spread|same|fake|real|house"),
    ],
    "6.12": [
        # Not the mask.
        ("d", "mask|together|climb|hole"),
    ],
    "6.13": [
        # Ten times.
        ("return (length - 1).square().mean() -> return 10 * (length - 1).square().mean()", "10|ten|factor|weight"),
        # Absolute values.
        ("(length - 1).square() -> (length - 1).abs()", "square|absolut"),
    ],
    "7.1": [
        # Exchanged.
        (
            "0.0 if step < epochs_one * steps_per_epoch else 1.0 -> 1.0 if step < epochs_one * steps_per_epoch else 0.0",
            "exchang|other way|phase|swap",
        ),
        # One step early.
        ("return float(step + 1 >= epochs_one * steps_per_epoch)", "early|one|off|count"),
    ],
    "7.2": [
        # No lambda_3.
        ("else L + lambda_3 * L_a -> else L + L_a", "lambda_3"),
        # No gradient in phase one.
        ("return L if L_a is None -> return L.detach() if L_a is None", "gradient|detach"),
    ],
    "7.3": [
        # Composites.
        ("losses.L_r(out.I_p1, out.I_p2, I_gt) -> losses.L_r(out.I_c1, out.I_c2, I_gt)", "prediction|composite|I_p"),
        # Returns L_r.
        ("return L.detach() -> return L_r.detach()", "L_r|objective|return|L_c|whole"),
    ],
    "7.4": [
        # The truth's hole is erased.
        ("for I in (I_gt, I_p1.detach() -> for I in (I_gt * M, I_p1.detach()", "real|I_gt|hole|eras|truth"),
        # No alpha.
        ("alpha * real + (1 - fake_1) + (1 - fake_2) -> real + (1 - fake_1) + (1 - fake_2)", "alpha"),
    ],
    "7.5": [
        # There are no features.
        ("the features carry no gradient", "feature|eras|zero_grad|order|before"),
    ],
    "7.6": [
        # G learns.
        ("the optimiser holds the wrong network", "L_r|falls|G|learn|feature"),
    ],
    "7.7": [
        # The weights would move.
        ("the gradients are never erased", "eras|optimi|zero_grad|move"),
    ],
    "7.8": [
        # The weights are not scaled.
        ("d * average + (1 - d) * weights -> d * average + weights", "1 - d|grow|weights|1 −"),
        # n for 1 + n.
        ("(1 + n) / (10 + n) -> n / (10 + n)", r"1 \+|one|\bn\b"),
    ],
    "7.9": [
        # The first steps are not repeated.
        (0, "5|checkpoint|earlier|same|before"),
    ],
    "7.10": [
        # Not this one.
        ("the loss counts the existing region alone", "exist|other|hole|region|sees"),
    ],
    "7.11": [
        # Not this one.
        ("the first network sees the hole instead of the rest", "sharp|exist|around|hole|weave|loss"),
    ],
    "7.12": [
        # Not this one.
        ("the loss counts the existing region alone", "rim|edge|wider|exist"),
    ],
    "7.13": [
        # Gradients are left in D.
        ("    D.requires_grad_(False)\n -> ", r"gradient|learn|requires_grad|D\b"),
        # The sign.
        (
            "L + config.lambda_3 * losses.L_a(*scores) -> L - config.lambda_3 * losses.L_a(*scores)",
            "sign|minus|subtract|plus",
        ),
    ],
    "8.1": [
        # The upper edge is in the next bucket.
        ("return ((1 - M).mean((1, 2, 3)) * 10).long()", "edge|upper|belongs|exactly|border"),
        # Per cent for buckets.
        ("return (10 * missing - 1).div( -> return (100 * missing - 1).div(", "10|percent|per cent|%|factor|ten"),
    ],
    "8.2": [
        # The natural logarithm.
        ("-10 * torch.log10 -> -10 * torch.log", "natural|log10|base"),
        # Absolute values.
        ("/ 255).pow(2) -> / 255).abs()", "square|absolut"),
    ],
    "8.3": [
        # Divided by all pixels.
        (
            "return difference.flatten(1).sum(1) / (3 * (1 - M).flatten(1).sum(1)) -> return difference.flatten(1).mean(1)",
            "whole|all pixels|hole|missing|divid",
        ),
        # Differences cancel.
        ("(I_c - I_gt).abs() / 2 -> (I_c - I_gt) / 2", "absolut|abs|cancel|sign"),
    ],
    "8.4": [
        # The variance.
        ("values.std() -> values.var()", "varian|root|deviation"),
        # n for its root.
        ("/ math.sqrt(n) -> / n", "root|sqrt"),
    ],
    "8.5": [
        # The median.
        ("values.mean(1) -> values.median(1).values", "median|mean"),
        # Sums.
        ("values.mean(1) -> values.sum(1)", "sum|mean"),
    ],
    "8.6": [
        # The half-width of a.
        ("return float(a.mean() - b.mean()), mean_and_interval(a)[1]", "difference|pair|half-width|a alone"),
        # Halved.
        ("return mean_and_interval((a - b) / 2)", "half|halv|2"),
    ],
    "8.7": [
        # The sign.
        ("- 2 * roots.sum() -> + 2 * roots.sum()", "sign|minus|plus"),
        # No root.
        (".clamp(min=0).sqrt()\n -> .clamp(min=0)\n", "root"),
    ],
    "8.8": [
        # Pairs of pictures.
        (4851, "row|picture|rank|100"),
    ],
    "8.9": [
        # Not one of the words.
        ("falls.", "rises|falls|stays|one of"),
    ],
    "8.10": [
        # Half of it.
        (17.8, "5|10|half|log"),
    ],
    "9.1": [
        # (f) is said.
        ("ef", r"RED|without adversarial|\bf\b|\bd\b"),
    ],
    "9.2": [
        # The first five fields.
        ("fields(Config) if -> fields(Config)[:5] if", "all|every|first|left out|fields|missing"),
    ],
    "9.3": [
        # Divided by n.
        ("/ math.comb(n, k) -> / n", r"choice|comb|C\(n|number of|divid"),
        # The mean of all.
        ("return float(values.mean())", "mean|largest"),
    ],
    "9.4": [
        # Rounded down.
        ("math.ceil( -> math.floor(", "up|ceil|round|floor"),
        # Spreads are added.
        ("float((a - b).std()) -> float(a.std() + b.std())", "difference|pair|share"),
    ],
    "9.5": [
        # The best photograph.
        ("values.mean(1) -> values.amax(1)", "largest|best|mean|max"),
        # The median.
        ("values.mean(1) -> values.median(1).values", "median|mean"),
    ],
    "9.6": [
        # Exchanged.
        (
            "var_training / trainings + var_photo / photos -> var_training / photos + var_photo / trainings",
            "exchang|trainings|photos|swap",
        ),
        # The rest is forgotten.
        (" + var_rest / (trainings * photos)) -> )", "rest"),
    ],
    "9.7": [
        # From the largest.
        ("p.argsort().tolist() -> p.argsort(descending=True).tolist()", "largest|smallest|descend|order|revers"),
        # The same 5 % for all.
        ("0.05 / (len(p) - step) -> 0.05", r"0\.05|divid|each|\bn\b|len"),
    ],
    "10.1": [
        # One pixel too far.
        ("2 * r + 1, stride=1, padding=r -> 2 * r + 3, stride=1, padding=r + 1", r"one|more|too|\br\b|wide"),
        # To the left and right only.
        (
            "return -F.max_pool2d(-M, (1, 2 * r + 1), stride=1, padding=(0, r))",
            "row|column|side|direction|up|both|axis",
        ),
    ],
    "10.2": [
        # The sign.
        ("(I - a * W) -> (I + a * W)", "sign|subtract|minus|plus"),
        # Divided by a.
        ("(1 - a).clamp(min=1e-12) -> a.clamp(min=1e-12)", "1 - a|1 −"),
    ],
    "10.3": [
        # Divided by a.
        ([1, 0.56], "1 - a|1 −|divid|grow"),
    ],
    "10.4": [
        # Absolute differences.
        (".square().sum((1, 4, 5)) -> .abs().sum((1, 4, 5))", "square|absolut"),
        # Rows for columns.
        (
            "return divmod(int(differences.argmin()), differences.shape[1]) -> return divmod(int(differences.argmin()), differences.shape[0])",
            "row|column|width|height|places|number of",
        ),
    ],
    "10.5": [
        # A hard border.
        ("(d / r).clamp(max=1) -> (d >= r).to(d.dtype)", "step|sharp|jump|hard|soft|between|gradual"),
        # Squared.
        ("(d / r).clamp(max=1) -> (d / r).clamp(max=1) ** 2", "square"),
    ],
    "10.6": [
        # The picture is not mirrored.
        ("return fill(I, M.flip(3)).flip(3)", r"picture|\bI\b|image"),
        # Turned, not mirrored.
        ("return fill(I.flip(2, 3), M.flip(2, 3)).flip(2, 3)", "top|upside|rows|180|both|turn|axis"),
    ],
    "10.7": [
        # No window.
        (
            "return F.avg_pool2d(x, k, stride=1, padding=k // 2, count_include_pad=False) -> return x",
            r"window|\bk\b|average",
        ),
        # Zeros outside.
        ('F.pad(I, (1, 1, 1, 1), mode="replicate") -> F.pad(I, (1, 1, 1, 1))', "border|zero|repeat|replicate"),
    ],
    "11.1": [
        # A partial convolution erases the hole.
        ((36, 20, 36, 36), "partial|eras|zero|mask"),
    ],
    "11.2": [
        # Empty windows.
        ("(count > 0.5) -> (count < 0.5)", "other way|empty|exchang|nothing"),
        # Shares.
        ("return (count > 0.5).to(M.dtype) -> return count / window.numel()", "share|0 and 1|count|0 or 1|fraction"),
    ],
    "11.3": [
        # No bias.
        ("count.clamp(min=1) + b.view(1, -1, 1, 1) -> count.clamp(min=1)", "bias"),
        # The bias twice.
        ("sums = F.conv2d(x * M, W, stride -> sums = F.conv2d(x * M, W, b, stride", "bias|twice"),
    ],
    "11.4": [
        # tanh for sigmoid.
        ("torch.sigmoid(gating) -> torch.tanh(gating)", "sigmoid|tanh"),
        # A sum for a product.
        (
            "F.elu(feature) * torch.sigmoid(gating) -> F.elu(feature) + torch.sigmoid(gating)",
            "product|multipl|add|sum|times",
        ),
    ],
    "11.5": [
        # Only missing patches.
        ("masked_fill(~exists, -torch.inf) -> masked_fill(exists, -torch.inf)", "other way|exchang|exist|missing"),
        # Divided by the scale.
        ("scale * cosine -> cosine / scale", "scale|multipl|divi"),
    ],
    "11.6": [
        # No half.
        ("- 0.5).mean() -> ).mean()", r"half|0\.5|½|1/2"),
        # The binary logarithm.
        ("torch.log(sigma_p / sigma_q) -> torch.log2(sigma_p / sigma_q)", "natural|base|log2"),
    ],
    "11.7": [
        # PConv and CA exchanged.
        ("cdab", "PConv|CA|exchang|copies|pieces|mix"),
    ],
    "12.1": [
        # One epoch.
        ("n_photos * epochs / -> n_photos /", "epoch"),
        # The price is added.
        ("hours * gpus * price -> hours * gpus + price", "price|multipl|product|times|sum|add"),
    ],
    "12.2": [
        # One image's memory without the difference.
        ("per_image = mb_of_two - mb_of_one -> per_image = mb_of_one", "fixed|per_image|difference|minus|mb_of_two"),
        # One too many.
        ("// per_image) -> // per_image) + 1", "one|more|too|fit|round"),
    ],
    "12.3": [
        # Runs 1 and 3 exchanged.
        ("acbd", "run 1|run 3|wait|memory|exchang"),
    ],
}
