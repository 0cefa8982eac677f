"""A fifth list, by another hand: four to six plausible mistakes for each exercise, written on 2026-11-30 from the notebooks alone."""

WRONG = {
    "0.1": [
        # The share is taken of the existing pixels.
        ("return missing_pixels / (all_pixels - missing_pixels)", "exist|rest|all_pixels|all pixels"),
        # Integer division gives 0 or 1.
        ("return missing_pixels // all_pixels", "whole|integer|//|round"),
        # It is the existing share.
        ("return (all_pixels - missing_pixels) / all_pixels", "exist|other part"),
        # The share is rounded.
        ("return round(missing_pixels / all_pixels, 1)", "round"),
        # It is a number of pixels, not a share.
        ("return missing_pixels", "divid|all_pixels|number of"),
    ],
    "1.1": [
        # The input picture is overwritten.
        ("I_in += I_p * (1 - M)\nreturn I_in", "in place|chang|argument|input"),
        # The two regions are exchanged.
        ("return torch.where(M == 1, I_p, I_in)", "other way|exchang|swap|existing"),
        # No gradient reaches the prediction.
        ("return I_in + I_p.detach() * (1 - M)", "detach|gradient"),
        # The mask erases the existing pixels too.
        ("return (I_in + I_p) * (1 - M)", "existing|erase|zero|everything|whole"),
        # A pixel that is zero counts as missing.
        ("return torch.where(I_in == 0, I_p, I_in)", "zero|grey|mask|value"),
        # The mask is subtracted, not multiplied.
        ("return I_in + I_p - M", "multipl|product|mask|subtract|times"),
    ],
    "1.2": [
        # One number for the whole batch.
        ("return 1 - M.mean()", r"batch|each image|one number|shape|\(b,\)"),
        # The batch's pixels are counted, not the image's.
        ("return (M == 0).sum((1, 2, 3)) / M.numel()", "batch|numel|each image|own"),
        # Divided by the existing pixels.
        ("return (1 - M).sum((1, 2, 3)) / M.sum((1, 2, 3))", "exist|all pixels|rest|divided by"),
        # The channel axis is left.
        ("return (1 - M).mean((2, 3))", r"channel|shape|\(b, 1\)|\(b,\)"),
        # The mean runs over the batch.
        ("return 1 - M.flatten(1).mean(0)", r"axis|batch|dim|shape|\(b,\)"),
        # The fraction is rounded.
        ("return (M == 0).float().mean((1, 2, 3)).round(decimals=1)", "round"),
    ],
    "1.3": [
        # One pixel too many.
        ("while missing: -> while missing >= 0:", "one|more|exactly|too many"),
        # The first pixel does not come from the generator.
        ("torch.randint(n, (), generator=generator)) for -> torch.randint(n, ())) for", "generator|random|seed"),
        # Height and width are exchanged for the first pixel.
        ("for n in (height, width) -> for n in (width, height)", "height|width|row|column|order|exchang"),
        # The hole is 1.
        ("return M -> return 1 - M", "other way|exist|polarity|exchang|1 −|taken from"),
        # Truth values for floats.
        ("return M -> return M.bool()", "float|bool|dtype|true"),
        # The pixels are scattered.
        (
            "M = torch.ones(height * width)\nM[torch.randperm(height * width, generator=generator)[:missing]] = 0\nreturn M.view(1, height, width)",
            "connect|piece|apart",
        ),
    ],
    "1.4": [
        # Off by one: counts missing pixels in between.
        ([15, 1], "one|beyond|edge|first existing|itself|count"),
        # The whole width, not half of it.
        ([31, 3], "half|middle|whole|side|centre"),
        # The way to the corner.
        ([22, 2], "diagonal|straight|corner|nearest"),
    ],
    "1.5": [
        # The border is mirrored.
        ('mode="replicate" -> mode="reflect"', "replicate|border|reflect|mirror"),
        # Existing pixels change too.
        ("I = I_in + mean * (1 - M) -> I = mean", "exist|mask|keep"),
        # The mean goes to the existing pixels.
        ("I = I_in + mean * (1 - M) -> I = I_in + mean * M", "other way|exchang|exist|1 - M|hole"),
        # Each step begins anew from I_in.
        ("P = F.pad(I, -> P = F.pad(I_in,", "same|I_in|again|one step|each step|start|begin|only once|last"),
        # The pixel itself is in the mean.
        ("P[..., 1:-1, 2:]) / 4 -> P[..., 1:-1, 2:] + I) / 5", "five|itself|own|fifth|centre|pixel itself"),
        # The upper neighbour twice, the lower one never.
        ("P[..., 2:, 1:-1] -> P[..., :-2, 1:-1]", "below|neighbour|twice|upper|above|lower"),
    ],
    "1.6": [
        # The range [-1, 1] is not brought to [0, 1].
        ("((I - I_gt) / 2) ** 2 -> (I - I_gt) ** 2", r"half|halv|2|\[0, 1\]|range"),
        # The sign.
        ("-10 * torch.log10(l2) -> 10 * torch.log10(l2)", "sign|minus|negative"),
        # The natural logarithm.
        ("torch.log10(l2) -> torch.log(l2)", "log10|natural|base"),
        # One mean over the batch.
        (
            "l2 = squares.sum((1, 2, 3)) / (3 * (1 - M).sum((1, 2, 3))) -> l2 = squares.sum() / (3 * (1 - M).sum())",
            "batch|each image|own|one number",
        ),
        # Divided by all pixels.
        (
            "l2 = squares.sum((1, 2, 3)) / (3 * (1 - M).sum((1, 2, 3))) -> l2 = squares.mean((1, 2, 3))",
            "whole|all pixels|hole|missing pixels|divid",
        ),
        # Absolute values for squares.
        ("((I - I_gt) / 2) ** 2 -> ((I - I_gt) / 2).abs()", "square|absolut"),
    ],
    "1.7": [
        # As if the whole image were wrong.
        ([20, 20, 20], "exist|whole|zero|spread|dilut|perfect"),
        # The order is turned round.
        ([50, 40, 30], "order|smaller|smallest|larger|exchang"),
        # Decibels taken off, not added.
        ([10, 0, -10], "less|smaller|up|add|rise|higher|sign|divid"),
    ],
    "1.8": [
        # As if both averages agreed.
        ([30, 30], "log|mean error|mean squared|first|0.005|larger"),
        # The two are exchanged.
        ([23, 30], "exchang|order|swap|other way|turn"),
        # A wrong mean error.
        ([30, 26], "0.005|mean error|mean squared|log|half"),
    ],
    "1.9": [
        # Not squared.
        ([0.5, 1.0], r"square|0.5²|0\.25"),
        # Exchanged.
        ([1.0, 0.25], "exchang|order|swap|other way"),
        # As if half of the pixels were right.
        ([0.25, 0.5], "every|each|all|both"),
    ],
    "2.1": [
        # Every window that touches the hole.
        (25, "window|location|centre|touch|see|own"),
        # Only the window that lies inside the hole.
        (1, "window|location|whole|centre|own|inside"),
        # The locations of the existing region.
        (40, r"exist|other|hole|rest|W\b"),
    ],
    "2.2": [
        # Rows and columns are exchanged.
        ("x_pad[n, :, i : i + k, j : j + k] -> x_pad[n, :, j : j + k, i : i + k]", "row|column|exchang|transpos"),
        # All images use the first mask.
        ("exists = M[n, 0, i, j] == 1 -> exists = M[0, 0, i, j] == 1", "first|batch|own|each image|another image"),
        # The hole gets the other bias.
        ("(W_hat[m], b_hat[m]) -> (W_hat[m], b[m])", "b_hat|bias"),
        # A mean for a sum.
        ("(window * weight).sum() + bias -> (window * weight).mean() + bias", "mean|sum|average"),
        # The filter is turned, as in a true convolution.
        (
            "(window * weight).sum() + bias -> (window * weight.flip(-1, -2)).sum() + bias",
            "flip|turn|mirror|backward|revers|180",
        ),
        # The whole mask decides, not the location.
        ("exists = M[n, 0, i, j] == 1 -> exists = M[n, 0].mean() > 0.5", "location|own|pixel|place|mask|whole"),
    ],
    "2.3": [
        # No mask.
        ("return existing * M + missing * (1 - M) -> return existing + missing", "mask|both|everywhere|choose|added"),
        # The hole gets the other bias.
        ("missing = reflect_conv2d(x, W_hat, b_hat) -> missing = reflect_conv2d(x, W_hat, b)", "b_hat|bias"),
        # The map is erased before the convolution.
        ("reflect_conv2d(x, W, b) -> reflect_conv2d(x * M, W, b)", r"whole map|erase|input|before|full|x \* M"),
        # All images use the first mask.
        (
            "return existing * M + missing * (1 - M) -> return existing * M[:1] + missing * (1 - M[:1])",
            "first|batch|own|image",
        ),
        # W_hat cannot learn.
        (
            "missing = reflect_conv2d(x, W_hat, b_hat) -> missing = reflect_conv2d(x, W_hat, b_hat).detach()",
            "detach|gradient|learn",
        ),
        # Two results that are not put together.
        (
            "return existing * M + missing * (1 - M) -> return (existing * M, missing * (1 - M))",
            "one|sum|add|tuple|tensor",
        ),
    ],
    "2.4": [
        # Values between 0 and 1.
        (
            'return F.interpolate(M, (h, w), mode="bilinear", align_corners=True)',
            "0 and 1|between|nearest|blend|mix|mean|bilinear|grey",
        ),
        # Cut, not rounded.
        ("(H - 1) / (h - 1) + 0.5).long() -> (H - 1) / (h - 1)).long()", "round|floor|down|cut"),
        # Pairs of rows and columns.
        (
            "return M[:, :, rows][:, :, :, columns] -> return M[:, :, rows, columns]",
            "pair|shape|diagonal|error|index|broadcast",
        ),
        # Means of cells.
        ("return F.adaptive_avg_pool2d(M, (h, w))", "mean|average|share|nearest|0 and 1|between"),
        # Columns are computed from the height.
        ("(W - 1) / (w - 1) -> (H - 1) / (h - 1)", "column|row|width|height|axis"),
        # Corners are not aligned.
        ("(H - 1) / (h - 1) + 0.5).long() -> H / h + 0.5).long()", "H - 1|align|corner|last|H / h"),
    ],
    "2.5": [
        # The halves are exchanged.
        ("[x * M, x * (1 - M)] -> [x * (1 - M), x * M]", "exchang|order|other way|swap"),
        # Nothing is erased.
        (
            "stacked = torch.cat([x * M, x * (1 - M)], dim=1) -> stacked = torch.cat([x, x], dim=1)",
            "mask|region|zero|separat|erase",
        ),
        # Filters are stacked along the outputs.
        (
            "filters = torch.cat([W, W_hat], dim=1) -> filters = torch.cat([W, W_hat], dim=0)",
            "dim|axis|shape|channel|error",
        ),
        # The output's location decides.
        (
            "return reflect_conv2d(x, W, b) * M + reflect_conv2d(x, W_hat, b) * (1 - M)",
            r"output|location|before|input|2\.3|choos",
        ),
        # The bias counts twice.
        ("return reflect_conv2d(x * M, W, b) + reflect_conv2d(x * (1 - M), W_hat, b)", "bias|twice"),
        # Right: two convolutions, one bias.
        ("return reflect_conv2d(x * M, W, b) + reflect_conv2d(x * (1 - M), W_hat, torch.zeros_like(b))", "x"),
    ],
    "2.6": [
        # One side of the border only.
        ((1, 2), "both sides|each side|two sides|side"),
        # The filter's width.
        ((3, 5), "kernel|width|filter|border|side|one less|k - 1|k − 1"),
        # 5×5 reaches farther.
        ((2, 2), "5|wide|larger|reach"),
    ],
    "2.7": [
        # The factor k² is left out.
        ("sums * k**2 / taps.clamp(min=1) -> sums / taps.clamp(min=1)", r"k²|k\*\*2|square|factor|k × k|9"),
        # Nothing makes up for what is missing.
        ("sums * k**2 / taps.clamp(min=1) -> sums", "factor|make up|makes up|normal|k²|scal|divid|left out"),
        # The old mask erases.
        ("return out * M_new, M_new -> return out * M, M_new", "old|new|before|after|grow"),
        # The mask does not grow.
        ("return out * M_new, M_new -> return out * M_new, M", "new|grow|old|unchanged"),
        # Only full windows exist afterwards.
        ("M_new = (taps > 0.5) -> M_new = (taps >= k**2)", "any|all|grow|something|shrink|one"),
        # The bias is scaled too and added twice.
        ("sums = reflect_conv2d(x * M, W, torch.zeros_like(b)) -> sums = reflect_conv2d(x * M, W, b)", "bias|twice"),
    ],
    "2.8": [
        # A mean of taps, not their sum.
        (
            "w[:, :, 0], w[:, :, 1] + w[:, :, 2]], dim=2), -> w[:, :, 0], (w[:, :, 1] + w[:, :, 2]) / 2], dim=2),",
            "half|halv|mean|add|sum|average",
        ),
        # Row phase and column phase are exchanged.
        (
            "torch.stack([torch.stack(even), torch.stack(odd)], dim=1) -> torch.stack([torch.stack(even), torch.stack(odd)], dim=0)",
            "row|column|exchang|axis|order|phase",
        ),
        # Even and odd columns are exchanged.
        (
            "torch.stack(even), torch.stack(odd)], dim=1) -> torch.stack(odd), torch.stack(even)], dim=1)",
            "even|odd|exchang|phase|order",
        ),
        # The filters are transposed.
        (
            "return torch.stack([torch.stack(even), torch.stack(odd)], dim=1) -> return torch.stack([torch.stack(even), torch.stack(odd)], dim=1).transpose(-1, -2)",
            "transpos|row|column|exchang",
        ),
        # Odd rows get the filters of even ones.
        (
            "w[:, :, 0] + w[:, :, 1], w[:, :, 2]], dim=2), -> w[:, :, 0], w[:, :, 1] + w[:, :, 2]], dim=2),",
            "odd|row|even|same|phase",
        ),
    ],
    "2.9": [
        # The sign of A.
        ("return -w0, -> return w0,", r"sign|minus|A\b"),
        # S before A.
        ("return -w0, w0 + w1 + w2, w2 -> return w0 + w1 + w2, -w0, w2", "order|A, S|exchang"),
        # The outer taps are exchanged.
        ("return -w0, w0 + w1 + w2, w2 -> return -w2, w0 + w1 + w2, w0", "exchang|w0|w2|left|right|mirror|order"),
        # S is the middle tap alone.
        ("return -w0, w0 + w1 + w2, w2 -> return -w0, w1, w2", r"\bS\b|sum|w0 \+|all three|middle"),
        # The wrong axis is taken apart.
        ("w.unbind(-1) -> w.unbind(1)", "axis|last|shape|error|unpack|dim|values"),
    ],
    "3.1": [
        # The hole is not erased.
        ("return torch.cat([I_gt, M], dim=1)", "eras|hole|see"),
        # The existing part is erased.
        ("[I_gt * M, M] -> [I_gt * (1 - M), M]", "other|exist|hole|exchang"),
        # The mask is turned round.
        ("[I_gt * M, M] -> [I_gt * M, 1 - M]", "1 - M|mask|other way|exist|1 −"),
        # The hole is white.
        ("[I_gt * M, M] -> [I_gt * M + (1 - M), M]", "zero|white|1|filled|eras|added"),
        # The truth is overwritten.
        ("I_gt *= M\nreturn torch.cat([I_gt, M], dim=1)", "in place|chang|argument|overwr"),
        # Three copies of the mask.
        ("[I_gt * M, M], dim=1 -> [I_gt * M, M.expand_as(I_gt)], dim=1", "channel|one|shape|4|four"),
    ],
    "3.2": [
        # Only the last stride counts.
        ("step *= stride -> step = stride", "product|multipl|earlier|all|last|before"),
        # Begins with 0.
        ("side, step = 1, 1 -> side, step = 0, 1", "1|one|itself|start|begin"),
        # A layer's own stride counts for itself.
        (
            "side += (kernel - 1) * dilation * step\n        step *= stride -> step *= stride\n        side += (kernel - 1) * dilation * step",
            "own|before|after|earlier|order",
        ),
        # From the last layer to the first.
        (
            "for kernel, stride, dilation in layers: -> for kernel, stride, dilation in reversed(layers):",
            "order|backward|revers|last",
        ),
        # The kernel, not its steps.
        (
            "side += (kernel - 1) * dilation * step -> side += kernel * dilation * step",
            "kernel - 1|k - 1|k −|one|steps",
        ),
    ],
    "3.3": [
        # Every channel must have a gradient.
        (".any(dim=1) -> .all(dim=1)", "any|all|every"),
        # Only the first output channel.
        ("[..., row, column].sum() -> [:, 0, row, column].sum()", "channel|first|sum"),
        # Negative gradients do not count.
        ("(x.grad != 0) -> (x.grad > 0)", "negative|sign|below|positive"),
        # All outputs at once.
        (
            "network(x)[..., row, column].sum().backward() -> network(x).sum().backward()",
            "one output|pixel|every|all|place|row|whole",
        ),
        # The batch is merged.
        (
            "return (x.grad != 0).any(dim=1) -> return (x.grad != 0).any(dim=1).any(dim=0)",
            r"shape|batch|each|image|\(b, h, w\)",
        ),
        # Sizes of gradients, not truth values.
        ("return (x.grad != 0).any(dim=1) -> return x.grad.abs().sum(1)", "bool|which|nonzero|truth"),
    ],
    "3.4": [
        # Dilation 1 does not reach.
        ((True, True), "without|dilation 1|reach|px|narrow|small"),
        # Dilation reaches.
        ((False, False), "dilation|reach|wide|large|with"),
    ],
    "3.5": [
        # The border row is repeated.
        ("period = 2 * (n - 1) -> period = 2 * n", "repeat|border|2 n|n - 1|period|twice"),
        # Mirrored once only.
        ("return abs(i) if i < n else 2 * (n - 1) - i", "again|twice|far|once|more|negative|outside"),
        # The map is repeated, not mirrored.
        ("return i % n", "mirror|period|wrap|repeat|again|circul"),
        # The border row is repeated for ever.
        ("return min(max(i, 0), n - 1)", "border|repeat|replicate|clamp|mirror|edge"),
        # The larger one of the two.
        ("return min(i, period - i) -> return max(i, period - i)", "max|min|smaller|outside|larger|n - 1"),
        # Right: the mirrored map is symmetric about 0.
        ("i = i % period\n -> i = abs(i) % period\n", "x"),
    ],
    "3.6": [
        # One of three parts is forgotten.
        (256, "x4|three|skip|both|hole|missing"),
        # As if x4 had a copy in the hole.
        (512, "x4|skip|hole|missing|exist"),
        # c for 4 c.
        (96, r"4 ?c|128|4 channels|channels|\b4\b"),
    ],
    "3.7": [
        # The order of the stack.
        ("[x * M, skip * M, x * (1 - M)] -> [x * M, x * (1 - M), skip * M]", "order|exchang"),
        # The skip also carries the hole.
        ("skip * M, -> skip,", "skip|exist|mask|eras"),
        # ReLU for ELU.
        ("F.elu(reflect_conv2d( -> F.relu(reflect_conv2d(", "ELU|relu|negative"),
        # Upsampled after the convolution.
        (
            "return F.elu(reflect_conv2d(upsample_nearest(regions, 2), weight, bias)) -> return upsample_nearest(F.elu(reflect_conv2d(regions, weight, bias)), 2)",
            "order|before|after|upsample|first",
        ),
        # The mask is resized by another rule.
        (
            "M = resize_mask(M, x.shape[-2:]) -> M = F.interpolate(M, x.shape[-2:])",
            "resize_mask|align|corner|mask|interpolate",
        ),
        # The border is padded with zeros.
        (
            "reflect_conv2d(upsample_nearest(regions, 2), weight, bias) -> F.conv2d(upsample_nearest(regions, 2), weight, bias, padding=1)",
            "border|zero|mirror|reflect|pad",
        ),
    ],
    "3.8": [
        # A mean over entries.
        (
            "return ((I_p1 - I_gt).abs().sum() + (I_p2 - I_gt).abs().sum()) / len(I_gt) -> return (I_p1 - I_gt).abs().mean() + (I_p2 - I_gt).abs().mean()",
            "mean|sum|entries|normal",
        ),
        # Not averaged over the batch.
        (
            "((I_p1 - I_gt).abs().sum() + (I_p2 - I_gt).abs().sum()) / len(I_gt) -> (I_p1 - I_gt).abs().sum() + (I_p2 - I_gt).abs().sum()",
            "batch|divid|mean",
        ),
        # The hole alone.
        (
            "return (((I_p1 - I_gt).abs() * (1 - M)).sum() + ((I_p2 - I_gt).abs() * (1 - M)).sum()) / len(I_gt)",
            "hole|mask|whole|everywhere|exist",
        ),
        # Errors of the two cancel each other.
        (
            "((I_p1 - I_gt).abs().sum() + (I_p2 - I_gt).abs().sum()) -> (I_p1 + I_p2 - 2 * I_gt).abs().sum()",
            "each|separat|cancel|own|apart|before",
        ),
        # The first network does not learn.
        ("(I_p1 - I_gt).abs().sum() + -> (I_p1.detach() - I_gt).abs().sum() +", "detach|gradient"),
        # The mean of both, not their sum.
        (
            "(I_p1 - I_gt).abs().sum() + (I_p2 - I_gt).abs().sum()) / len(I_gt) -> (I_p1 - I_gt).abs().sum() + (I_p2 - I_gt).abs().sum()) / (2 * len(I_gt))",
            "half|halv|twice|2|mean of",
        ),
    ],
    "3.9": [
        # The clip is flat at 1.5; the ELU is not at -3.
        (({"clip", "tanh"}, {"tanh"}), "clip|flat|cut"),
        # The ELU's slope at -3 is forgotten.
        (({"tanh"}, {"tanh"}), "elu"),
        # The ELU is cut at 1.
        (({"elu_clip", "tanh"}, {"elu_clip", "tanh"}), "1.5|clip|cut|above|flat"),
    ],
    "4.1": [
        # Channels with channels.
        (
            "psi = phi.flatten(2)\nreturn psi @ psi.transpose(1, 2)",
            r"channel|position|transpos|other|\(b, c, c\)|shape",
        ),
        # Divided by c.
        ("psi.transpose(1, 2) @ psi -> psi.transpose(1, 2) @ psi / psi.shape[1]", r"divid|normal|\bc\b|σ|factor"),
        # Cosines, not products.
        ("psi = phi.flatten(2) -> psi = F.normalize(phi.flatten(2), dim=1)", "length|normal|cosine|unit"),
        # Positions column by column.
        ("phi.flatten(2) -> phi.transpose(2, 3).flatten(2)", "row-major|order|row|column|transpos"),
        # A reshape that mixes channels and positions.
        (
            "phi.flatten(2) -> phi.reshape(len(phi), -1, phi.shape[1]).transpose(1, 2)",
            "reshape|mix|order|view|position|channel",
        ),
        # The mean is subtracted.
        ("phi.flatten(2) -> phi.flatten(2) - phi.flatten(2).mean(2, keepdim=True)", "mean|subtract|centre|covarian"),
    ],
    "4.2": [
        # Divided by c.
        ("phi_c1.shape[1] ** 2 -> phi_c1.shape[1]", r"c²|square|c \*\* 2|\bc\b"),
        # A mean over pairs.
        ("difference.abs().sum() / len(phi_c1) -> difference.abs().mean()", "mean|sum|pairs|n²"),
        # Absolute value after the sum.
        ("difference.abs().sum() -> difference.sum().abs()", "cancel|before|absolut|order|after"),
        # The correlation of the difference.
        (
            "difference = correlation(phi_c1) - correlation(phi_gt) -> difference = correlation(phi_c1 - phi_gt)",
            "difference|each|before|correlation of|own",
        ),
        # Each pair once only.
        (
            "difference.abs().sum() -> difference.triu().abs().sum()",
            "half|all pairs|twice|once|each pair|triang|diagonal",
        ),
        # Divided by n².
        ("phi_c1.shape[1] ** 2 -> (phi_c1.shape[2] * phi_c1.shape[3]) ** 2", "position|c²|channel|n²"),
    ],
    "4.3": [
        # The prediction.
        ("features(I_c1)[1], -> features(I_p1)[1],", "composite|I_c1|prediction|I_p1"),
        # The second composite.
        ("features(I_c1)[1], -> features(I_c2)[1],", "second|first|I_c1|I_c2"),
        # Index 2 is pool 3.
        ("return correlation_loss(features(I_c1)[2], features(I_gt)[2])", r"pool 2|index|zero|pool|\[1\]"),
        # All pools.
        ("return sum(correlation_loss(a, b) for a, b in zip(features(I_c1), features(I_gt)))", "pool 2|all|only|one"),
        # No gradient.
        ("features(I_c1)[1], -> features(I_c1)[1].detach(),", "detach|gradient"),
        # Both composites.
        (
            "return correlation_loss(features(I_c1)[1], features(I_gt)[1]) + correlation_loss(features(I_c2)[1], features(I_gt)[1])",
            "I_c2|second|only|both|one",
        ),
    ],
    "4.4": [
        # Those that cannot differ.
        (6400, "unchanged|not|stay|same|complement|other"),
        # Rows only.
        (2000, "row|column|both|either|other"),
        # Both positions changed.
        (400, "both|either|one of|pair|with"),
    ],
    "4.5": [
        # Pool 1's size.
        ("(h_px // 4) * (w_px // 4) -> (h_px // 2) * (w_px // 2)", "4|pool 2|half|halv|twice|quarter"),
        # Positions, not pairs.
        ("b * n * n * dtype.itemsize -> b * n * dtype.itemsize", r"pair|n²|n \* n|square|each position"),
        # Always four bytes.
        ("dtype.itemsize -> 4", "dtype|byte|itemsize"),
        # Divided by 4 once.
        ("(h_px // 4) * (w_px // 4) -> h_px * w_px // 4", "4|side|both|16|each"),
        # As if the picture were square.
        ("n = (h_px // 4) * (w_px // 4) -> n = (h_px // 4) ** 2", "w_px|width|square"),
        # Half of the matrix.
        ("b * n * n * dtype.itemsize -> b * n * (n + 1) // 2 * dtype.itemsize", "half|symmetr|all|pair|triang|whole"),
    ],
    "4.6": [
        # Tiles on the diagonal count twice.
        ("(1 if i == j else 2) -> 2", "diagonal|twice"),
        # Absolute value after the sum.
        ("D.abs().sum() -> D.sum().abs()", "cancel|absolut|before|after|order"),
        # Tiles on the diagonal are left out.
        ("range(i, len(A), tile) -> range(i + tile, len(A), tile)", "diagonal|left out|i == j"),
        # All tiles, and most of them twice.
        ("range(i, len(A), tile) -> range(0, len(A), tile)", "twice|below|diagonal|all tiles"),
        # The last, smaller tiles are lost.
        (
            "range(0, len(A), tile):\n        for -> range(0, len(A) - tile + 1, tile):\n        for",
            "last|rest|multiple|remain|left",
        ),
        # Right: a number to begin with.
        ("total = A.new_zeros(()) -> total = 0", "x"),
    ],
    "4.7": [
        # A factor on the wrong side.
        ("return E @ A.T + B @ E.T -> return E @ A.T + E @ B.T", "order|B @ E|B Eᵀ|transpos|symmetr|exchang"),
        # The square of the difference.
        ("return E @ A.T + B @ E.T -> return E @ E.T", "cross|missing|left out|A @|E @ A|square|two"),
        # The sign.
        ("E = A - B -> E = B - A", "sign|minus|B - A|exchang"),
        # Channels, not positions.
        ("return E @ A.T + B @ E.T -> return E.T @ A + B.T @ E", r"shape|transpos|channel|position|\(n, n\)"),
        # A in the place of B.
        ("return E @ A.T + B @ E.T -> return E @ A.T + A @ E.T", r"\bB\b|one of|twice"),
    ],
    "4.8": [
        # The factor 2.
        ("2 * S @ A -> S @ A", "2|twice|row and|both|half"),
        # No sign.
        ("S = torch.sign(A @ A.T - B @ B.T) -> S = A @ A.T - B @ B.T", "sign"),
        # The difference in the place of A.
        ("2 * S @ A -> 2 * S @ (A - B)", r"difference|\bA\b"),
        # Divided by n².
        ("A.shape[1] ** 2 -> len(A) ** 2", r"\bc\b|channel|position|\bn\b|c²|n²"),
        # The other sign.
        ("torch.sign(A @ A.T - B @ B.T) -> torch.sign(B @ B.T - A @ A.T)", "sign|direction|minus|exchang|opposite"),
        # Right: S is symmetric.
        ("2 * S @ A -> 2 * S.T @ A", "x"),
    ],
    "5.1": [
        # Positions with positions.
        ("return x @ x.transpose(1, 2) -> return x.transpose(1, 2) @ x", "position|channel|transpos|shape"),
        # Not divided by c.
        ("(c * h * w) -> (h * w)", r"\bc\b|channel"),
        # Parentheses are missing.
        ("/ (c * h * w) -> / c * h * w", "bracket|parenthes|multipl|preced"),
        # Divided by the batch too.
        ("/ (c * h * w) -> / phi.numel()", r"\bb\b|batch"),
        # Channels of length one.
        ("x = phi.flatten(2) -> x = F.normalize(phi.flatten(2), dim=2)", "length|normal|cosine|unit"),
        # A reshape that mixes channels and positions.
        ("x = phi.flatten(2) -> x = phi.reshape(b, h * w, c).transpose(1, 2)", "reshape|mix|order|view|permut|channel"),
    ],
    "5.2": [
        # Not normalised.
        ((80, 640), "normal|divid|c h w"),
        # The diagonal is not summed.
        ((0.5, 0.5), "diagonal|eight|8|sum"),
        # Not divided by c.
        ((4, 32), r"\bc\b|channel|divid|8|normal"),
    ],
    "5.3": [
        # Exchanged.
        ({"positions shuffled": {"L_s"}, "channels rotated": {"L_c"}}, "exchang|other way|swap|each"),
        # The Gram matrix sums over positions.
        ({"positions shuffled": {"L_c", "L_s"}, "channels rotated": {"L_s"}}, "sum|L_s|order|shuffl"),
        # Products of positions stay under a rotation.
        ({"positions shuffled": {"L_c"}, "channels rotated": {"L_c", "L_s"}}, "L_c|rotat|product|angle"),
    ],
    "5.4": [
        # A mean over entries.
        (".abs().sum((1, 2)).mean() -> .abs().mean()", "mean|sum|c²|entries"),
        # A sum over the batch.
        (".abs().sum((1, 2)).mean() -> .abs().sum()", "batch|mean"),
        # A mean over pools.
        ("return total -> return total / len(phis_c2)", "pool|mean|divid|sum"),
        # The Gram matrix of the difference.
        ("(gram(phi_c2) - gram(phi_gt)) -> gram(phi_c2 - phi_gt)", "difference|before|gram of|each|own"),
        # Only the last pool.
        ("total = total + ( -> total = (", "last|overwr|add|sum|pool"),
        # The square norm for the sum of absolute values.
        (".abs().sum((1, 2)).mean() -> .square().sum((1, 2)).sqrt().mean()", "square|absolut|root|norm"),
    ],
    "5.5": [
        # Strong pools get large weights.
        (
            "weights = 1 / diagonal_sums -> weights = diagonal_sums",
            "1 /|inver|divid|larger|recip|other way|upside|strong",
        ),
        # Not normalised by the size.
        ("phi.square().mean() -> phi.square().sum()", "size|c h w|normal|mean|divid|larger"),
        # The sum is one.
        ("return weights / weights.mean() -> return weights / weights.sum()", "mean|sum"),
        # The mean is not one.
        ("return weights / weights.mean() -> return weights", "mean|scale|normal"),
        # A root.
        ("phi.square().mean() -> phi.square().mean().sqrt()", "root"),
        # The first image only.
        ("phi.square().mean() -> phi[0].square().mean()", "batch|first|average|image"),
    ],
    "5.6": [
        # Exchanged.
        ((256, 128), "exchang|order|other way|swap"),
        # The second network's skip carries too.
        ((128, 128), "skip|second|both|x4|plain"),
        # Channels that are zero in the hole count.
        ((384, 256), "exist|zero|hole|first|signal|region"),
    ],
    "5.7": [
        # The second network sees the input.
        ("second(I_c1, M) -> second(I_in, M)", "I_c1|composite|first|I_in"),
        # The hole is not erased.
        ("I_in = I_gt * M\n -> I_in = I_gt\n", "eras|hole|truth|answer|see"),
        # No gradient to the first network.
        ("second(I_c1, M) -> second(I_c1.detach(), M)", "detach|gradient"),
        # Right, which its author did not see: `compose` takes no missing pixel of its first argument.
        ("I_c2 = compose(I_in, second( -> I_c2 = compose(I_c1, second(", "x"),
        # A prediction, not a composite.
        ("I_c1 = compose(I_in, first(I_in, M), M) -> I_c1 = first(I_in, M)", "compos|exist|prediction"),
        # The first network gets the turned mask.
        ("first(I_in, M) -> first(I_in, 1 - M)", "mask|1 - M|other way|first|1 −"),
    ],
    "5.8": [
        # L_r compares predictions.
        ({"L_r": {"I_c1", "I_c2"}, "L_c": {"I_c1"}, "L_s": {"I_c2"}, "L_a": {"I_p1", "I_p2"}}, "prediction|L_r|whole"),
        # L_c compares one composite.
        ({"L_r": {"I_p1", "I_p2"}, "L_c": {"I_c1", "I_c2"}, "L_s": {"I_c2"}, "L_a": {"I_p1", "I_p2"}}, "L_c|first"),
        # L_a judges both.
        ({"L_r": {"I_p1", "I_p2"}, "L_c": {"I_c1"}, "L_s": {"I_c2"}, "L_a": {"I_p2"}}, "L_a|both|I_p1"),
    ],
    "6.1": [
        # The distance of scores.
        (64, "neighbour|stride|distance|apart|overlap"),
        # The pixel itself is forgotten.
        (252, "one|1|itself|first|start"),
        # Each layer's own stride counts.
        (505, "earlier|stride|before|each|own|after|twice"),
    ],
    "6.2": [
        # The existing region.
        ("[I * (1 - M), M] -> [I * M, M]", "exist|hole|other|exchang"),
        # The mask is turned round.
        ("[I * (1 - M), M] -> [I * (1 - M), 1 - M]", "mask|other|1 - M|1 −"),
        # The whole picture.
        ("[I * (1 - M), M] -> [I, M]", "hole|exist|eras|whole|everything"),
        # The mask stands first.
        ("[I * (1 - M), M] -> [M, I * (1 - M)]", "order|first|last|exchang"),
        # No gradient.
        ("[I * (1 - M), M] -> [I.detach() * (1 - M), M]", "detach|gradient"),
        # Stacked along the rows.
        (
            "return torch.cat([I * (1 - M), M], dim=1) -> return torch.cat([I * (1 - M), M], dim=2)",
            "dim|axis|shape|channel|error",
        ),
    ],
    "6.3": [
        # The length of all entries.
        (
            "return W / (u @ matrix @ v) -> return W / matrix.norm()",
            "Frobenius|all entries|length|spectral|largest|root of",
        ),
        # The matrix's shape.
        ("return W / (u @ matrix @ v) -> return matrix / (u @ matrix @ v)", "shape"),
        # v is not normalised.
        ("v = F.normalize(matrix.T @ u, dim=0) -> v = matrix.T @ u", r"\bv\b|length|normal"),
        # Divided by the square.
        ("return W / (u @ matrix @ v) -> return W / (u @ matrix @ v) ** 2", "square|once|twice|σ"),
        # A random start.
        ("matrix.new_ones(matrix.shape[1]) -> torch.randn(matrix.shape[1])", "random|equal|begin|start|ones|each call"),
        # One iteration too many.
        ("range(n) -> range(n + 1)", r"\bn\b|one|more|iteration|step"),
    ],
    "6.4": [
        # The first term holds no fake.
        ((1, 2, 3), "I_g|real|first|truth|term 1"),
        # Only the term without a fake.
        ((1,), "I_g|real|fake|2|I_p"),
        # I_p1 is forgotten.
        ((3,), "2|I_p1|both|first"),
    ],
    "6.5": [
        # The scores themselves.
        ("return score_p1.mean() + score_p2.mean()", "sign|1 -|minus|1 −"),
        # Sums.
        ("return (1 - score_p1).sum() + (1 - score_p2).sum()", "mean|sum"),
        # The mean of both.
        ("return ((1 - score_p1).mean() + (1 - score_p2).mean()) / 2", "half|halv|2|mean of|add"),
        # I_p1 gets no gradient.
        ("return (1 - score_p1.detach()).mean() + (1 - score_p2).mean()", "detach|gradient"),
        # The constants are left out.
        ("return -score_p1.mean() - score_p2.mean()", "constant|1 -|1 −|2|left out"),
        # A hinge.
        ("return F.relu(1 - score_p1).mean() + F.relu(1 - score_p2).mean()", "relu|hinge|cut|zero|max"),
    ],
    "6.6": [
        # Two lines are lost.
        (
            "L_a = alpha * score_gt.mean()\n+(1 - score_p1).mean()\n+(1 - score_p2).mean()\nreturn -L_a",
            "line|parenthes|bracket|lost|left out|fake",
        ),
        # Real and fake are exchanged.
        (
            "return -(alpha * (1 - score_gt).mean() + score_p1.mean() + score_p2.mean())",
            "exchang|real|fake|other way|sign|1 -|1 −",
        ),
        # alpha times everything.
        (
            "return -alpha * (score_gt.mean() + (1 - score_p1).mean() + (1 - score_p2).mean())",
            "alpha|real|only|everything|bracket|parenthes",
        ),
        # The constants are left out.
        ("return -alpha * score_gt.mean() + score_p1.mean() + score_p2.mean()", "constant|1 -|1 −|2|left out"),
        # No alpha.
        ("alpha * score_gt.mean() -> score_gt.mean()", "alpha"),
        # Right, in one line.
        ("return -alpha * score_gt.mean() - (1 - score_p1).mean() - (1 - score_p2).mean()", "x"),
    ],
    "6.7": [
        # The fakes are not halved.
        (
            "F.relu(1 + score_p1).mean() / 2 + F.relu(1 + score_p2).mean() / 2 -> F.relu(1 + score_p1).mean() + F.relu(1 + score_p2).mean()",
            "half|halv|2",
        ),
        # alpha weighs the fakes.
        ("return alpha * real + fake -> return real + alpha * fake", "alpha|real|fake|exchang"),
        # The mean before the hinge.
        ("F.relu(1 - score_gt).mean() -> F.relu(1 - score_gt.mean())", "mean|patch|order|before|after|each"),
        # The sign of the real part.
        ("F.relu(1 - score_gt).mean() -> F.relu(score_gt - 1).mean()", "sign|1 -|minus|exchang|1 −|other way"),
        # A fake is wanted to be real.
        ("F.relu(1 + score_p1).mean() / 2 -> F.relu(1 - score_p1).mean() / 2", r"sign|1 \+|minus|fake|plus|score_p1"),
        # No hinge on the real part.
        ("F.relu(1 - score_gt).mean() -> (1 - score_gt).mean()", "relu|max|negative|cut|zero"),
    ],
    "6.8": [
        # Those without a gradient.
        (4, "positive|zero|flat|negative|other|max|below"),
        # All of them.
        (6, "flat|negative|zero|max|below"),
        # Only the larger one.
        (1, r"positive|0\.5|both|two|above"),
    ],
    "6.9": [
        # One pixel for each cell.
        ("return F.interpolate(1 - M, (h, w))", "share|nearest|one pixel|mean|only"),
        # The existing share.
        ("return F.adaptive_avg_pool2d(M, (h, w))", "exist|1 - M|other|1 −"),
        # Whether anything is missing.
        ("return F.adaptive_max_pool2d(1 - M, (h, w))", "max|any|share|largest"),
        # Rounded.
        (
            "return (F.adaptive_avg_pool2d(1 - M, (h, w)) > 0.5).to(M.dtype)",
            "share|round|threshold|0 and 1|half|0 or 1",
        ),
        # Height and width exchanged.
        ("return F.adaptive_avg_pool2d(1 - M, (w, h))", r"\bh\b|\bw\b|exchang|order|shape"),
        # A mean of four pixels only.
        ('return F.interpolate(1 - M, (h, w), mode="bilinear")', "share|bilinear|few|mean|every|interpolat"),
    ],
    "6.10": [
        # The scores are apart.
        ("a", r"fake|gap|apart|real|b\b"),
        # Not this one.
        ("c", "house|tied|spread|gap|same"),
        # Something is wrong.
        ("e", "wrong|weave|gap|healthy"),
    ],
    "6.11": [
        # The spread tells.
        ("b", "spread|same|four|house|gap"),
        # Not the mask.
        ("d", "mask|spread|hole|other way"),
        # Something is wrong.
        ("e", "spread|same|weave|wrong"),
    ],
    "6.12": [
        # Both scores climb.
        ("b", "together|climb|both|gap|apart|strong"),
        # Something is wrong.
        ("e", "together|climb|both|zero|loss|success"),
        # Not this one.
        ("c", "tied|house|pictures|together|climb|spread"),
    ],
    "6.13": [
        # The slope is pulled to zero.
        ("(length - 1).square().mean() -> length.square().mean()", r"1\b|one"),
        # One length for the batch.
        (".sum(dim=(1, 2, 3)).sqrt() -> .sum().sqrt()", "own|each|batch|picture"),
        # D's weights get no gradient.
        ("create_graph=True -> retain_graph=True", "create_graph|weights|differentiat|descend|gradient"),
        # A sum over scores.
        ("D(I, M).mean(dim=(1, 2, 3)) -> D(I, M).sum(dim=(1, 2, 3))", "mean|sum"),
        # A length for each pixel.
        (
            "gradient.square().sum(dim=(1, 2, 3)).sqrt() -> gradient.square().sum(dim=1).sqrt()",
            "pixel|whole|picture|each|dim|axis|own",
        ),
        # Only lengths above one count.
        ("(length - 1).square() -> F.relu(length - 1).square()", "relu|one-sided|both|shorter|below|cut|zero"),
    ],
    "7.1": [
        # One step late.
        ("step < -> step <=", "one|off|first|late"),
        # Steps are compared with epochs.
        ("epochs_one * steps_per_epoch -> epochs_one", "steps_per_epoch|epoch"),
        # One epoch late.
        ("return float(step // steps_per_epoch > epochs_one)", "one|epoch|late|>="),
        # It rises slowly.
        ("return min(1.0, step / (epochs_one * steps_per_epoch))", "slow|gradual|jump|ramp|0.0 or 1.0|between|at once"),
        # A remainder that starts anew.
        (
            "return 0.0 if step % (epochs_one * steps_per_epoch) < steps_per_epoch else 1.0",
            "phase|epoch|remainder|again|first|%",
        ),
        # Right.
        ("return float(step >= epochs_one * steps_per_epoch)", "x"),
    ],
    "7.2": [
        # Weights exchanged.
        ("lambda_1 * L_c + lambda_2 * L_s -> lambda_1 * L_s + lambda_2 * L_c", "exchang|lambda_1|L_c|swap"),
        # None is not looked at.
        ("return L if L_a is None else L + lambda_3 * L_a -> return L + lambda_3 * L_a", "None"),
        # The sign.
        ("else L + lambda_3 * L_a -> else L - lambda_3 * L_a", "sign|minus|subtract"),
        # The other losses are lost.
        ("else L + lambda_3 * L_a -> else lambda_3 * L_a", "L_r|rest|left out|other|only|lost"),
        # L_s is multiplied twice.
        (
            "L_r + lambda_1 * L_c + lambda_2 * L_s -> L_r + lambda_1 * (L_c + lambda_2 * L_s)",
            "lambda_1|bracket|parenthes|L_s|twice",
        ),
        # A mean of the losses.
        (
            "L_r + lambda_1 * L_c + lambda_2 * L_s -> (L_r + lambda_1 * L_c + lambda_2 * L_s) / 3",
            "3|third|divid|mean|sum",
        ),
    ],
    "7.3": [
        # Gradients are erased before the step.
        (
            "opt_G.zero_grad()\n    L.backward()\n    opt_G.step() -> L.backward()\n    opt_G.zero_grad()\n    opt_G.step()",
            "eras|zero_grad|order|before|clear",
        ),
        # Old gradients are added.
        ("    opt_G.zero_grad()\n    L.backward() ->     L.backward()", "zero_grad|add|earlier|accumul|old|clear"),
        # L_c gives no gradient.
        ("vgg(out.I_c1)[1], -> vgg(out.I_c1)[1].detach(),", "detach|gradient|L_c"),
        # L_s sees the first composite.
        ("losses.L_s(vgg(out.I_c2), phis_gt) -> losses.L_s(vgg(out.I_c1), phis_gt)", "I_c2|second|L_s"),
        # Weights exchanged.
        (
            "config.lambda_1 * L_c + config.lambda_2 * L_s -> config.lambda_2 * L_c + config.lambda_1 * L_s",
            "lambda|exchang|weight",
        ),
        # No step.
        ("    opt_G.step()\n    return -> \n    return", "step|weights|moved|move|optimi"),
    ],
    "7.4": [
        # The generator gets gradients.
        ("I_p1.detach(), I_p2.detach() -> I_p1, I_p2", "detach|generator|gradient"),
        # The wrong direction.
        ("(-L_a).backward() -> L_a.backward()", "sign|minus|descend|direction"),
        # Returns -L_a.
        ("return L_a.detach() -> return -L_a.detach()", "sign|return|L_a|minus"),
        # The existing region.
        ("[I * (1 - M), M] -> [I * M, M]", "hole|exist|other"),
        # The second fake is forgotten.
        (
            "alpha * real + (1 - fake_1) + (1 - fake_2) -> alpha * real + (1 - fake_1)",
            "fake_2|I_p2|both|second|left out",
        ),
        # Old gradients are added.
        (
            "    opt_D.zero_grad()\n    (-L_a).backward() ->     (-L_a).backward()",
            "zero_grad|add|earlier|accumul|old|clear",
        ),
    ],
    "7.5": [
        # They are erased, too early.
        ("the gradients are never erased", "before|order|zero|after"),
        # It holds the right one.
        ("the optimiser holds the wrong network", r"zero_grad|eras|G\b|gradient"),
        # There is no discriminator.
        ("the discriminator stays frozen", "discriminator|no D|G|eras|loop"),
    ],
    "7.6": [
        # They are erased.
        ("the gradients are never erased", "eras|no_grad|features|zero_grad|lambda|weight"),
        # There is no discriminator.
        ("the discriminator stays frozen", "discriminator|no D|features|loop"),
        # There are no fakes.
        ("the fakes are detached in the generator's loss", "discriminator|adversarial|fake|features|loop"),
    ],
    "7.7": [
        # Its loss has a gradient.
        ("the discriminator stays frozen", "gradient|has a|requires_grad|optimi|frozen"),
        # They are not.
        ("the gradients are erased before the step", "eras|order|before|optimi|zero_grad"),
        # There are no features.
        ("the features carry no gradient", "feature|no features|optimi|gradient"),
    ],
    "7.8": [
        # The larger one.
        ("min(decay -> max(decay", "max|min|smaller"),
        # Exchanged.
        ("d * average + (1 - d) * weights -> (1 - d) * average + d * weights", "exchang|other way|swap"),
        # No warm-up.
        ("d = min(decay, (1 + n) / (10 + n)) -> d = decay", "warm|start|first|min"),
        # One update more.
        ("(1 + n) / (10 + n) -> (2 + n) / (11 + n)", r"earlier|one|\bn\b|count|more"),
        # The old average is overwritten.
        (
            "return d * average + (1 - d) * weights -> average *= d\n    average += (1 - d) * weights\n    return average",
            "in place|chang|argument|overwr",
        ),
        # Parentheses are missing.
        ("(1 + n) / (10 + n) -> (1 + n) / 10 + n", "bracket|parenthes|divid"),
    ],
    "7.9": [
        # Step 5's loss is computed before its update.
        (5, "before|same weights|first|already|update|after|not yet"),
        # Adam's state matters.
        (10, "state|Adam|moment|average|differ"),
        # One step late.
        (7, "6|next|one|right after|already|earlier"),
    ],
    "7.10": [
        # The hole looks good because it is seen.
        ("the loss counts the hole alone", "exist|input|L_r|weave|hole|sees"),
        # No.
        ("the learning rate is too high", "jump|swing|curve|hole|rate|smooth|exist"),
        # No.
        ("nothing is wrong", "exist|streak|hole|wrong|grey|region"),
    ],
    "7.11": [
        # The other region.
        ("the loss counts the hole alone", "exist|other way|hole|sharp|around"),
        # No.
        ("nothing is wrong", "weave|hole|same|wrong|loss"),
        # No.
        ("the learning rate is too high", "rate|jump|swing|smooth|weave|curve|sharp"),
    ],
    "7.12": [
        # No.
        ("the loss counts the hole alone", "rim|edge|wider|exist|loss"),
        # No.
        ("the first network sees the hole instead of the rest", "rim|wider|edge|hole|blur"),
        # No.
        ("nothing is wrong", "rim|edge|wider|jump|wrong"),
    ],
    "7.13": [
        # D stays frozen.
        ("    D.requires_grad_(True)\n -> ", "able|learn|requires_grad|frozen|again"),
        # The existing region.
        ("[I * (1 - M), M] -> [I * M, M]", "hole|exist|other"),
        # No lambda_3.
        ("config.lambda_3 * losses.L_a(*scores) -> losses.L_a(*scores)", "lambda_3"),
        # The fakes are detached.
        ("for I in (out.I_p1, out.I_p2) -> for I in (out.I_p1.detach(), out.I_p2.detach())", "detach|gradient"),
        # The truth in the place of I_p1.
        ("for I in (out.I_p1, out.I_p2) -> for I in (I_gt, out.I_p2)", "I_p1|real|truth|both|I_gt"),
        # Right: the hole's content is the same.
        ("for I in (out.I_p1, out.I_p2) -> for I in (out.I_c1, out.I_c2)", "x"),
    ],
    "8.1": [
        # The upper edge is in the next bucket.
        ("(10 * missing - 1).div -> (10 * missing).div", "edge|upper|belongs|exactly|10 %|border"),
        # Existing pixels.
        ("(M == 0) -> (M == 1)", "exist|other way|exchang"),
        # The batch's pixels.
        ("M[0].numel() -> M.numel()", "batch|each|image|numel|own"),
        # Counts from one.
        (
            'return (10 * missing - 1).div(M[0].numel(), rounding_mode="floor") -> return (10 * missing - 1).div(M[0].numel(), rounding_mode="floor") + 1',
            "0 stands|one|from 0|start|1 too",
        ),
        # Rounded to the nearest.
        ("return ((1 - M).mean((1, 2, 3)) * 10).round().long()", "round|nearest|edge"),
        # Floats.
        ('rounding_mode="floor") -> rounding_mode="floor").float()', "int64|whole|dtype|float"),
    ],
    "8.2": [
        # Not rounded.
        ("(a.round() - b.round()) -> (a - b)", "round|8 bit|256"),
        # The difference is rounded.
        ("(a.round() - b.round()) -> (a - b).round()", "each|both|image|before|difference"),
        # Cut, not rounded.
        ("a.round() - b.round() -> a.floor() - b.floor()", "floor|cut|down|nearest"),
        # Bytes wrap around.
        (
            "(a.round() - b.round()) -> (a.round().to(torch.uint8) - b.round().to(torch.uint8))",
            "uint8|wrap|negative|overflow|unsigned|below",
        ),
        # One number for the batch.
        (
            "((a.round() - b.round()) / 255).pow(2).flatten(1).mean(1) -> ((a.round() - b.round()) / 255).pow(2).mean()",
            "each|batch|image|own|one number|shape",
        ),
        # As if images were in [0, 1].
        ("((I + 1) * 127.5 for -> (I * 255 for", r"\[-1, 1\]|range|\+ 1|half|127|twice|\[0, 1\]"),
    ],
    "8.3": [
        # Not divided by the colours.
        ("(3 * (1 - M).flatten(1).sum(1)) -> (1 - M).flatten(1).sum(1)", "3|colour|channel"),
        # Not brought to [0, 1].
        ("(I_c - I_gt).abs() / 2 -> (I_c - I_gt).abs()", r"half|halv|2|\[0, 1\]|range"),
        # One number for the batch.
        (
            "return ((I_c - I_gt).abs() / 2)[(1 - M).expand_as(I_c) == 1].mean()",
            "each|batch|image|one number|own|shape",
        ),
        # The other definition.
        (
            "return (I_c - I_gt).abs().flatten(1).sum(1) / (I_c + I_gt + 2).flatten(1).sum(1)",
            "MAE|sum of|bright|EdgeConnect|divid",
        ),
        # Squares.
        ("(I_c - I_gt).abs() / 2 -> ((I_c - I_gt) / 2).square()", "square|absolut"),
        # The existing pixels.
        ("(I_c - I_gt).abs() / 2 * (1 - M) -> (I_c - I_gt).abs() / 2 * M", "exist|hole|other|zero"),
    ],
    "8.4": [
        # The normal quantile.
        ("stdtrit(n - 1, 0.975) -> 1.96", r"1.96|Student|normal|\bt\b"),
        # One side only.
        ("0.975 -> 0.95", "0.975|both|two|side|one-sided|2.5"),
        # Degrees of freedom.
        ("stdtrit(n - 1, -> stdtrit(n,", "degree|n - 1|freedom|n −"),
        # The spread of values, not of the mean.
        ("values.std() / math.sqrt(n) -> values.std()", r"root|sqrt|of the mean|\bn\b|standard error"),
        # Divided by n.
        ("values.std() -> values.std(correction=0)", "n - 1|correction|unbiased|n −|divid"),
        # The whole width.
        ("return float(stdtrit -> return 2 * float(stdtrit", "half|twice|width|2"),
    ],
    "8.5": [
        # All rows as if independent.
        ("return mean_and_interval(values.flatten())", "photograph|row|independent|mask|flatten|front"),
        # Over the wrong axis.
        ("values.mean(1) -> values.mean(0)", "mask|axis|photograph|over"),
        # One mask only.
        ("values.mean(1) -> values[:, 0]", "first|all masks|one mask|mean"),
        # The best mask.
        ("values.mean(1) -> values.amax(1)", "max|largest|mean|best"),
        # The half-width only.
        (
            "return mean_and_interval(values.mean(1)) -> return mean_and_interval(values.mean(1))[1]",
            "two|mean|pair|both|half",
        ),
    ],
    "8.6": [
        # How much better b is.
        ("return mean_and_interval(b - a)", "sign|exchang|better|b - a|other|b −"),
        # Half-widths are added.
        (
            "return float(a.mean() - b.mean()), mean_and_interval(a)[1] + mean_and_interval(b)[1]",
            "pair|share|difference|unpaired|each photograph",
        ),
        # As if the two were independent.
        (
            "return float(a.mean() - b.mean()), math.hypot(mean_and_interval(a)[1], mean_and_interval(b)[1])",
            "pair|unpaired|independent|share|difference",
        ),
        # Absolute differences.
        ("return mean_and_interval((a - b).abs())", "absolut|sign|abs"),
        # A ratio.
        ("return mean_and_interval(a / b)", "ratio|divi|subtract|difference|quotient"),
    ],
    "8.7": [
        # The factor 2.
        ("- 2 * roots.sum() -> - roots.sum()", "2|twice"),
        # A mean over features.
        ("((mu_1 - mu_2) ** 2).sum() -> ((mu_1 - mu_2) ** 2).mean()", "mean|sum"),
        # The product of entries.
        (
            "torch.linalg.eigvals(S_1 @ S_2) -> torch.linalg.eigvals(S_1 * S_2)",
            "@|matrix product|element|entry|product",
        ),
        # The root of entries.
        (
            "roots = torch.linalg.eigvals(S_1 @ S_2).real.clamp(min=0).sqrt() -> roots = (S_1 @ S_2).clamp(min=0).sqrt().diagonal()",
            "matrix|eigen|entry|element|entries",
        ),
        # The distance, not its square.
        (
            "return ((mu_1 - mu_2) ** 2).sum() + S_1.trace() + S_2.trace() - 2 * roots.sum() -> return (((mu_1 - mu_2) ** 2).sum() + S_1.trace() + S_2.trace() - 2 * roots.sum()).sqrt()",
            "root|square|d²",
        ),
        # S_1 S_2 is not symmetric.
        ("torch.linalg.eigvals(S_1 @ S_2).real -> torch.linalg.eigvalsh(S_1 @ S_2)", "symmetric|eigvalsh|eigvals"),
    ],
    "8.8": [
        # The mean is subtracted.
        (100, "mean|subtract|one|centr"),
        # There are 100 rows.
        (2048, "100|row|picture|pictures|fewer"),
        # The part that is missing.
        (1948, "100|row|rank|null|differ|missing"),
    ],
    "8.9": [
        # It rises.
        ("falls", "bias|noise|rise|larger|square|fewer|chance"),
        # It rises.
        ("stays", "bias|noise|rise|larger|square|fewer|chance"),
    ],
    "8.10": [
        # The sign.
        (-35.7, "sign|minus|negative"),
        # 20 for 10.
        (71.4, "20|twice|root|10 log"),
        # The natural logarithm.
        (82.2, "natural|log10|base"),
        # The factor 10⁻³ is forgotten.
        (5.7, r"10⁻³|1000|factor|0.00027|10\^|thousand"),
    ],
    "9.1": [
        # Out of order.
        ("ed", "order|exchang"),
        # (f) is said.
        ("df", r"RED|without adversarial|\bf\b|e\b"),
        # (e) is open too.
        ("cd", r"\bc\b|e\b|quot"),
    ],
    "9.2": [
        # Not sorted.
        (
            "return [field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)]",
            "sort|order|alphabet",
        ),
        # Identity, not equality.
        ("!= getattr(b, field.name) -> is not getattr(b, field.name)", "is not|identit|equal|==|value|same object"),
        # A set.
        (
            "sorted(field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)) -> {field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)}",
            "list|set",
        ),
        # Fields that agree.
        ("!= getattr -> == getattr", "same|equal|differ|other way"),
        # Names with values.
        (
            "sorted(field.name for field -> sorted((field.name, getattr(b, field.name)) for field",
            "name|str|pair|tuple|value",
        ),
        # Right.
        ("return sorted(name for name in vars(a) if vars(a)[name] != vars(b)[name])", "x"),
    ],
    "9.3": [
        # The largest itself is one of k.
        ("math.comb(i, k - 1) -> math.comb(i, k)", "k - 1|k −|one|itself"),
        # The largest of all.
        ("return float(values.max())", r"all|\bk\b|average|largest of"),
        # The first k only.
        ("return float(values[:k].max())", "first|average|all choices|choice"),
        # The mean of the k best.
        ("return float(values.topk(k).values.mean())", "mean of|largest of|k best|k largest|top"),
        # Drawn with replacement.
        (
            "math.comb(i, k - 1) * float(x[i]) for i in range(n)) / math.comb(n, k) -> ((i + 1) ** k - i**k) * float(x[i]) for i in range(n)) / n**k",
            "replace|twice|again|same picture|once|put back",
        ),
        # The smallest of k.
        ("values.sort().values -> values.sort(descending=True).values", "smallest|descend|order|sort|least"),
    ],
    "9.4": [
        # The spread of one method.
        ("(a - b).std() -> a.std()", r"difference|pair|\bb\b"),
        # Not squared.
        ("math.ceil((1.96 * s / half_width) ** 2) -> math.ceil(1.96 * s / half_width)", "square"),
        # Rounded to the nearest.
        ("math.ceil( -> round(", "up|ceil|round"),
        # The whole width.
        ("(1.96 * s / half_width) ** 2 -> (2 * 1.96 * s / half_width) ** 2", "half|twice|2|width"),
        # The variance.
        ("(a - b).std() -> (a - b).var()", "varian|std|deviation|root|square"),
        # Divided by the number at hand.
        ("(1.96 * s / half_width) ** 2 -> (1.96 * s / half_width) ** 2 / len(a)", r"\bm\b|len|divid|already|number of"),
    ],
    "9.5": [
        # Over photographs.
        ("values.mean(1) -> values.mean(0)", "photograph|training|axis|over"),
        # All values as if independent.
        ("return mean_and_interval(values.flatten())", "training|value|independent|photograph|flatten"),
        # One photograph.
        ("values.mean(1) -> values[:, 0]", "first|all|photograph"),
        # Spreads.
        ("values.mean(1) -> values.std(1)", "spread|deviation|mean"),
        # The half-width over photographs.
        ("return float(values.mean()), mean_and_interval(values.mean(0))[1]", "photograph|training|over|axis"),
    ],
    "9.6": [
        # As if each training had its own photographs.
        ("var_photo / photos -> var_photo / (trainings * photos)", "same|photos|trainings|photograph"),
        # Roots are added.
        (
            "return math.sqrt(var_training / trainings) + math.sqrt(var_photo / photos) + math.sqrt(var_rest / (trainings * photos))",
            "add|root|varianc|each",
        ),
        # All values as if independent.
        (
            "return math.sqrt((var_training + var_photo + var_rest) / (trainings * photos))",
            "own|independent|each|same|trainings|divid",
        ),
        # A sum for a product.
        ("(trainings * photos) -> (trainings + photos)", r"product|trainings \* photos|times|multipl|sum"),
        # The variance.
        (
            "return math.sqrt(var_training / trainings + var_photo / photos + var_rest / (trainings * photos)) -> return var_training / trainings + var_photo / photos + var_rest / (trainings * photos)",
            "root|varianc",
        ),
        # The luck of trainings is not averaged.
        (
            "math.sqrt(var_training / trainings + var_photo -> math.sqrt(var_training + var_photo",
            "trainings|divid|var_training",
        ),
    ],
    "9.7": [
        # The same limit for all.
        ("0.05 / (len(p) - step) -> 0.05 / len(p)", "Bonferroni|len|n −|n -|step|grow|next|each"),
        # It does not stop.
        ("break -> continue", "stop|first|break"),
        # In sorted order.
        ("rejected[i] = True -> rejected[step] = True", "order|sort|place|position"),
        # Another procedure.
        ("0.05 / (len(p) - step) -> 0.05 * (step + 1) / len(p)", "Benjamini|Holm|false|step|limit|n −|n -"),
        # The kept ones.
        ("return rejected -> return ~rejected", "not|other way|exchang|kept|turn|opposite"),
        # Exactly at the limit.
        ("p[i] > 0.05 -> p[i] >= 0.05", "equal|at most|>=|exactly"),
    ],
    "10.1": [
        # The hole shrinks.
        ("return F.max_pool2d(M, 2 * r + 1, stride=1, padding=r)", "shrink|grow|other|exist|smaller"),
        # The hole is 1.
        ("return F.max_pool2d(1 - M, 2 * r + 1, stride=1, padding=r)", "other way|exist|polarity|taken|1 −|1 -"),
        # Always one pixel.
        ("return -F.max_pool2d(-M, 3, stride=1, padding=1)", r"\br\b|one pixel|more|always"),
        # Outside counts as missing.
        ("P = F.pad(M, (r, r, r, r))\nreturn -F.max_pool2d(-P, 2 * r + 1, stride=1)", "border|pad|outside|zero|edge"),
        # No corners.
        (
            "for _ in range(r):\n    P = F.pad(M, (1, 1, 1, 1), value=1)\n    M = torch.stack([M, P[..., :-2, 1:-1], P[..., 2:, 1:-1], P[..., 1:-1, :-2], P[..., 1:-1, 2:]]).amin(0)\nreturn M",
            "corner|diagonal|diamond",
        ),
        # A blurred mask.
        ("return F.avg_pool2d(M, 2 * r + 1, stride=1, padding=r)", "mean|average|0 and 1|blur|between|0 or 1"),
    ],
    "10.2": [
        # W is not weighted.
        ("(I - a * W) -> (I - W)", r"\ba\b|opacity|weight"),
        # Division by zero.
        (
            "return torch.where(a < 1, (I - a * W) / (1 - a).clamp(min=1e-12), 0) -> return (I - a * W) / (1 - a)",
            "opaque|zero|nan|inf|divi",
        ),
        # Parentheses are missing.
        (
            "(I - a * W) / (1 - a).clamp(min=1e-12) -> I - a * W / (1 - a).clamp(min=1e-12)",
            "bracket|parenthes|whole|divid",
        ),
        # Mixed once more.
        ("return (1 - a) * I + a * W", "mix|again|forward|other way|solve|unmix|comput"),
        # The mark stays where it is opaque.
        (".clamp(min=1e-12), 0) -> .clamp(min=1e-12), I)", r"opaque|\b0\b|zero|where"),
        # A constant in the divisor.
        ("(1 - a).clamp(min=1e-12) -> (1 - a + 0.001)", r"1 - a|too|small|added|divi|exact|0\.001|1 −"),
    ],
    "10.3": [
        # Not divided by 1 - a.
        ([0.5, 0.5], "divid|1 - a|grow|1 −"),
        # A whole level.
        ([2, 10], "half"),
        # Exchanged.
        ([5, 1], "order|exchang|other way"),
    ],
    "10.4": [
        # The largest difference.
        (".argmin() -> .argmax()", "least|largest|max|most"),
        # Column and row.
        (
            "return divmod(int(differences.argmin()), differences.shape[1]) -> return divmod(int(differences.argmin()), differences.shape[1])[::-1]",
            "order|exchang|row",
        ),
        # Differences cancel.
        (".square().sum((1, 4, 5)) -> .sum((1, 4, 5)).abs()", "cancel|square|before"),
        # The largest product.
        (
            "(windows - T[:, :, None, None]).square().sum((1, 4, 5))[0] -> -(windows * T[:, :, None, None]).sum((1, 4, 5))[0]",
            "product|bright|difference|correlation",
        ),
        # The picture's width.
        (
            "return divmod(int(differences.argmin()), differences.shape[1]) -> return divmod(int(differences.argmin()), I.shape[3])",
            "width|places|w - m|row|number of",
        ),
        # The centre of the place.
        (
            "return divmod(int(differences.argmin()), differences.shape[1]) -> row, column = divmod(int(differences.argmin()), differences.shape[1])\n    return row + k // 2, column + m // 2",
            "corner|centre|upper left|middle",
        ),
    ],
    "10.5": [
        # Weights above one.
        ("(d / r).clamp(max=1) -> d / r", r"\b1\b|clamp|min|larger"),
        # Exchanged.
        ("near + weight * (I_p - near) -> I_p + weight * (near - I_p)", "exchang|other way|swap"),
        # Integer division.
        ("(d / r).clamp(max=1) -> (d // r).clamp(max=1)", "whole|integer|//|round"),
        # near keeps its whole weight.
        ("near + weight * (I_p - near) -> near + weight * I_p", "1 - w|near|1 −|weight"),
        # The largest distance, not r.
        ("(d / r).clamp(max=1) -> (d / d.max()).clamp(max=1)", r"\br\b|largest|max"),
        # Begins a pixel later.
        ("(d / r).clamp(max=1) -> ((d - 1) / r).clamp(0, 1)", "one|d - 1|begin|d −|distance"),
    ],
    "10.6": [
        # Not turned back.
        ("return fill(I.flip(3), M.flip(3))", "back|right way|result|again"),
        # The mask is not mirrored.
        ("return fill(I.flip(3), M).flip(3)", r"mask|\bM\b"),
        # Upside down.
        ("return fill(I.flip(2), M.flip(2)).flip(2)", "top|upside|left|axis|rows|bottom"),
        # Only the result is mirrored.
        ("return fill(I, M).flip(3)", r"input|before|picture|\bI\b|asked"),
        # The mean of both fillings.
        ("return (fill(I, M) + fill(I.flip(3), M.flip(3)).flip(3)) / 2", "average|mean|both|only|half"),
    ],
    "10.7": [
        # The border is mirrored.
        ('mode="replicate" -> mode="reflect"', "border|repeat|replicate|mirror"),
        # Colours cancel.
        (".abs().mean(1, keepdim=True) -> .mean(1, keepdim=True).abs()", "colour|cancel|before|absolut|order|after"),
        # Zeros outside count.
        ("count_include_pad=False -> count_include_pad=True", "border|inside|zero|count|pad"),
        # A sum over colours.
        (".abs().mean(1, keepdim=True) -> .abs().sum(1, keepdim=True)", "colour|mean|sum|3"),
        # Squares.
        ("(I - mean).abs() -> (I - mean).square()", "square|absolut"),
        # A sum of neighbours.
        ("P[..., 1:-1, 2:]) / 4 -> P[..., 1:-1, 2:])", "4|mean|sum"),
    ],
    "11.1": [
        # Only the hole's own locations.
        ((16, 0, 16, 16), "reach|around|neighbour|ring|window|next"),
        # A partial convolution erases the hole.
        ((36, 36, 36, 36), "partial|eras|zero|mask"),
        # Outputs of the existing region look into the hole.
        ((36, 0, 36, 16), "region-wise|location|exist|window"),
        # A gate weakens.
        ((36, 0, 0, 36), "gate"),
    ],
    "11.2": [
        # Only full windows.
        ("(count > 0.5) -> (count == k * k * M.shape[1])", "any|all|one|grow|exist|every|full"),
        # Counts.
        ("return (count > 0.5).to(M.dtype) -> return count", "0 and 1|count|threshold|0 or 1|number"),
        # The first channel only.
        ("F.conv2d(M, window, -> F.conv2d(M[:, :1], window[:, :1],", "channel|first"),
        # A mask for each channel.
        ("return F.max_pool2d(M, k, stride, k // 2)", "channel|shape|one"),
        # All channels must exist.
        ("return F.max_pool2d(M.amin(1, keepdim=True), k, stride, k // 2)", "channel|any|all|every"),
        # Right: the largest value of the window.
        ("return F.max_pool2d(M.amax(1, keepdim=True), k, stride, k // 2)", "x"),
    ],
    "11.3": [
        # Channels are not counted.
        ("whole = W[0].numel() -> whole = k**2", r"channel|\bc\b|k²"),
        # The hole is not erased.
        ("F.conv2d(x * M, W, -> F.conv2d(x, W,", r"eras|hole|mask|missing|x \* M"),
        # Empty windows give the bias.
        ("return out * (count > 0.5) -> return out", r"\b0\b|zero|nothing|empty|bias"),
        # The bias is scaled.
        (
            "out = sums * whole / count.clamp(min=1) + b.view(1, -1, 1, 1) -> out = (sums + b.view(1, -1, 1, 1)) * whole / count.clamp(min=1)",
            "bias|scal|after|before",
        ),
        # Nothing makes up for what is missing.
        ("count.clamp(min=1) + b -> whole + b", "share|count|factor|divi|make up|makes up|number|left out|sum"),
        # All filters are counted.
        ("whole = W[0].numel() -> whole = W.numel()", r"\bo\b|output|all filters|filter|factor"),
    ],
    "11.4": [
        # The halves are exchanged.
        ("feature, gating = -> gating, feature =", "order|first|exchang|half"),
        # No ELU.
        ("F.elu(feature) * torch.sigmoid(gating) -> feature * torch.sigmoid(gating)", "ELU|activation|φ"),
        # The ELU of the product.
        (
            "F.elu(feature) * torch.sigmoid(gating) -> F.elu(feature * torch.sigmoid(gating))",
            "order|before|after|inside|product",
        ),
        # Every second channel.
        ("both.chunk(2, dim=1) -> (both[:, ::2], both[:, 1::2])", "half|halv|alternat|every second|first|interleav"),
        # Padding for 3×3 only.
        ("padding=W.shape[-1] // 2 -> padding=1", r"pad|\bk\b|5|border|size|shape"),
        # ReLU for ELU.
        ("F.elu(feature) -> F.relu(feature)", "ELU|relu|negative"),
    ],
    "11.5": [
        # Products, not cosines.
        ("F.normalize(patches, dim=2) -> patches", "length|normal|cosine"),
        # Missing patches take part.
        ("(scale * cosine).masked_fill(~exists, -torch.inf) -> scale * cosine", "exist|missing|mask"),
        # exp(0) is 1.
        ("masked_fill(~exists, -torch.inf) -> masked_fill(~exists, 0)", r"zero|inf|exp|\b0\b"),
        # Over the batch.
        ("logits.softmax(dim=1) -> logits.softmax(dim=0)", "batch|dim|axis"),
        # Normalised patches are mixed.
        ("(a[:, :, None] * patches).sum(1) -> (a[:, :, None] * rows).sum(1)", "normal|length|patches|unit"),
        # The best patch alone.
        (
            "return (a[:, :, None] * patches).sum(1) -> return patches[torch.arange(len(a)), a.argmax(1)]",
            "best|largest|weighted|mean|one",
        ),
    ],
    "11.6": [
        # The quotient is turned round.
        ("torch.log(sigma_p / sigma_q) -> torch.log(sigma_q / sigma_p)", "exchang|sign|log|upside|other way"),
        # The other variance divides.
        ("(2 * sigma_p**2) -> (2 * sigma_q**2)", "sigma_p|sigma_q|exchang"),
        # The divergence the other way round.
        (
            "spread = torch.log(sigma_q / sigma_p)\nsquares = sigma_p**2 + (mu_q - mu_p) ** 2\nreturn (spread + squares / (2 * sigma_q**2) - 0.5).mean()",
            "exchang|other way|order|q and p|p and q|turn",
        ),
        # Parentheses are missing.
        ("squares / (2 * sigma_p**2) -> squares / 2 * sigma_p**2", "bracket|parenthes|multipl|divid"),
        # Summed over an image.
        (
            "(spread + squares / (2 * sigma_p**2) - 0.5).mean() -> (spread + squares / (2 * sigma_p**2) - 0.5).sum((1, 2, 3)).mean()",
            "mean|sum|values",
        ),
        # sigma is not squared.
        ("sigma_q**2 + (mu_q - mu_p) ** 2 -> sigma_q + (mu_q - mu_p) ** 2", "square|varianc"),
    ],
    "11.7": [
        # The example.
        ("abcd", "PConv|example|crisp|flat|line"),
        # EC and PIC exchanged.
        ("dcba", "EC|PIC|exchang|code|line|edge"),
        # Nothing is left empty.
        ("ecab", r"PConv|empty|e\b|flat|grow"),
    ],
    "12.1": [
        # Seconds.
        ("* 3600) -> )", "3600|second"),
        # One GPU is paid.
        ("hours * gpus * price -> hours * price", "gpu|each"),
        # GPUs make nothing faster.
        ("(photos_per_second * gpus * 3600) -> (photos_per_second * 3600)", "gpu|faster"),
        # Parentheses are missing.
        (
            "n_photos * epochs / (photos_per_second * gpus * 3600) -> n_photos * epochs / photos_per_second * gpus * 3600",
            "bracket|parenthes|multipl|divid",
        ),
        # Minutes.
        ("3600 -> 60", "60|minute|3600"),
        # Cost first.
        ("return hours, hours * gpus * price -> return hours * gpus * price, hours", "order|exchang"),
    ],
    "12.2": [
        # One image counts as fixed.
        ("fixed = mb_of_one - per_image -> fixed = mb_of_one", "fixed|per_image|one image|first image"),
        # Negative batches.
        ("max(0, int((mb_free - fixed) // per_image)) -> int((mb_free - fixed) // per_image)", r"\b0\b|negative|none"),
        # Half of two images' memory.
        ("per_image = mb_of_two - mb_of_one -> per_image = mb_of_two / 2", "fixed|difference|half|minus|mb_of_one"),
        # Rounded up.
        ("int((mb_free - fixed) // per_image) -> round((mb_free - fixed) / per_image)", "round|up|down|fit"),
        # The fixed part is forgotten.
        ("(mb_free - fixed) // per_image -> mb_free // per_image", "fixed"),
        # One too few.
        ("(mb_free - fixed) // per_image) -> (mb_free - fixed) // per_image) - 1", "one|more|fits|less"),
    ],
    "12.3": [
        # The example.
        ("abcd", r"example|run 1|wait|worker|\bb\b"),
        # A narrower network is another network.
        ("bced", "same gradients|accumulate|narrow|run 3|memory"),
        # Runs 2 and 4 exchanged.
        ("bdac", "exchang|run 2|run 4|fp16|lambda"),
    ],
}
