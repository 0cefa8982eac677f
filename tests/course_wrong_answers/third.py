"""A third list, three wrong answers to every exercise, each a whole answer as a learner would write it.

Written from the learner's notebooks alone, without the solutions or the messages, by the author of the general diagnosis
(`rwlib.course.checking.explanations`, `whatif`, `experiments`) and before it was begun. The words were not changed afterwards; LOG.md says in how
many cases a reader of the messages decides otherwise.
"""

WRONG = {
    "0.1": [
        ("return (all_pixels - missing_pixels) / all_pixels", "exist|other way|1 −|1 -|taken from"),
        ("return missing_pixels / all_pixels * 100", "100|percent"),
        ("return round(missing_pixels / all_pixels)", "round|whole"),
    ],
    "1.1": [
        ("return I_in * (1 - M) + I_p * M", "other way|exchanged|revers"),
        ("return I_in + I_p", "mask|hole|everywhere"),
        ("return I_p * M + I_in", "other way|1 - M|1 − M|hole|revers"),
    ],
    "1.2": [
        ("return M.mean((1, 2, 3))", "other way|exist"),
        ("return (1 - M).mean()", "batch|each image|every image|own"),
        ("return (1 - M).sum((1, 2, 3))", "divi|mean|number|count|fraction"),
    ],
    "1.3": [
        (
            "M = torch.ones(1, height, width)\nplaces = torch.randperm(height * width, generator=generator)[:missing]\n"
            "M.view(-1)[places] = 0\nreturn M",
            "connect",
        ),
        (
            "side = int(missing ** 0.5)\ny = torch.randint(height - side + 1, (1,), generator=generator)\n"
            "x = torch.randint(width - side + 1, (1,), generator=generator)\nM = torch.ones(1, height, width)\n"
            "M[:, y:y + side, x:x + side] = 0\nreturn M",
            "exactly|missing|square",
        ),
        (
            "M = torch.zeros(1, height, width)\ny, x = height // 2, width // 2\nM[0, y, x] = 1\nn = 1\n"
            "while n < missing:\n"
            "    dy, dx = torch.randint(-1, 2, (2,), generator=generator).tolist()\n"
            "    y, x = min(max(y + dy, 0), height - 1), min(max(x + dx, 0), width - 1)\n"
            "    if M[0, y, x] == 0:\n        M[0, y, x] = 1\n        n += 1\nreturn M",
            "other way|exist|0 .*missing|1 exist",
        ),
    ],
    "1.4": [
        ([15, 1], "one|existing|beyond|edge|rim|outside"),
        ([31, 3], "side|middle|half|nearest"),
        ([16, 16], "width|narrow|line|second"),
    ],
    "1.5": [
        (
            "I = I_in\nfor _ in range(steps):\n    p = F.pad(I, (1, 1, 1, 1), mode='replicate')\n"
            "    I = (p[:, :, :-2, 1:-1] + p[:, :, 2:, 1:-1] + p[:, :, 1:-1, :-2] + p[:, :, 1:-1, 2:]) / 4\n"
            "return I",
            "exist|mask|keep",
        ),
        (
            "I = I_in\nfor _ in range(steps):\n    p = F.pad(I, (1, 1, 1, 1))\n"
            "    mean = (p[:, :, :-2, 1:-1] + p[:, :, 2:, 1:-1] + p[:, :, 1:-1, :-2] + p[:, :, 1:-1, 2:]) / 4\n"
            "    I = I * M + mean * (1 - M)\nreturn I",
            "border|pad|zero",
        ),
        (
            "I = I_in\nfor _ in range(steps):\n    p = F.pad(I, (1, 1, 1, 1), mode='replicate')\n"
            "    mean = F.avg_pool2d(p, 3, stride=1)\n    I = I_in * M + mean * (1 - M)\nreturn I",
            "neighbour|diagonal|itself|nine|3×3|3x3|own",
        ),
    ],
    "1.6": [
        (
            "l2 = (((I - I_gt) / 2).square() * (1 - M)).mean((1, 2, 3))\nreturn -10 * torch.log10(l2)",
            "hole|missing|whole|divi|all pixels",
        ),
        (
            "l2 = ((I - I_gt).square() * (1 - M)).sum((1, 2, 3)) / (3 * (1 - M).sum((1, 2, 3)))\nreturn -10 * torch.log10(l2)",
            r"\[0, 1\]|range|half|/ 2|by 2",
        ),
        (
            "l2 = (((I - I_gt) / 2).square() * (1 - M)).sum((1, 2, 3)) / (1 - M).sum((1, 2, 3))\nreturn -10 * torch.log10(l2)",
            "3|channel|colour",
        ),
    ],
    "1.7": [
        ([20.0, 20.0, 20.0], "whole|hole|same|existing"),
        ([10.0, 0.0, -10.0], "sign|rise|higher|less|smaller|larger"),
        ([22.0, 20.2, 20.02], "log|10 |tenth|factor"),
    ],
    "1.8": [
        ([30, 30], "mean|log|error|second|average"),
        ([23, 30], "order|exchang|other way"),
        ([30, 40], "mean|error|second|log"),
    ],
    "1.9": [
        ([0.25, 0.25], "every|1|second|stripes|wrong"),
        ([0.5, 1.0], "square|first"),
        ([0.25, 0.5], "every|second|stripes|all"),
    ],
    "2.1": [(25, "see|location|centre|middle|window"), (3, "square|side|9|row"), (1, "location|output|window|whole")],
    "2.2": [
        (
            "n, c, h, w = x.shape\nout = x.new_zeros(n, len(W), h, w)\nfor i, y, z in product(range(n), range(h), range(w)):\n"
            "    window = x_pad[i, :, y:y + k, z:z + k]\n    exists = M[i, 0, y, z] == 1\n"
            "    F1, b1 = (W_hat, b_hat) if exists else (W, b)\n"
            "    out[i, :, y, z] = (F1 * window).sum((1, 2, 3)) + b1\nreturn out",
            "other way|exchanged|W_hat",
        ),
        (
            "n, c, h, w = x.shape\nout = x.new_zeros(n, len(W), h, w)\nfor i, y, z in product(range(n), range(h), range(w)):\n"
            "    window = x_pad[i, :, y:y + k, z:z + k]\n"
            "    F1, b1 = (W, b) if M[0, 0, y, z] == 1 else (W_hat, b_hat)\n"
            "    out[i, :, y, z] = (F1 * window).sum((1, 2, 3)) + b1\nreturn out",
            "first|batch|own|each image|every image",
        ),
        (
            "n, c, h, w = x.shape\nout = x.new_zeros(n, len(W), h, w)\nfor i, y, z in product(range(n), range(h), range(w)):\n"
            "    window = x_pad[i, :, y:y + k, z:z + k]\n"
            "    F1 = W if M[i, 0, y, z] == 1 else W_hat\n"
            "    out[i, :, y, z] = (F1 * window).sum((1, 2, 3)) + b\nreturn out",
            "b_hat|bias",
        ),
    ],
    "2.3": [
        (
            "return reflect_conv2d(x * M, W, b) + reflect_conv2d(x * (1 - M), W_hat, b_hat)",
            "whole|input|output|location|after|before|cut|window",
        ),
        ("return reflect_conv2d(x, W, b) * (1 - M) + reflect_conv2d(x, W_hat, b_hat) * M", "other way|revers"),
        ("return reflect_conv2d(x, W, b) * M + reflect_conv2d(x, W_hat, b) * (1 - M)", "b_hat|bias"),
    ],
    "2.4": [
        ("return F.interpolate(M, size=(h, w), mode='nearest')", "align|nearest|last|corner"),
        (
            "return F.interpolate(M, size=(h, w), mode='bilinear', align_corners=True)",
            "round|nearest|0 and 1|between|bilinear|grey",
        ),
        (
            "rows = (torch.arange(h) * (M.shape[2] - 1) / (h - 1)).long()\ncolumns = (torch.arange(w) * (M.shape[3] - 1) / (w - 1)).long()\n"
            "return M[:, :, rows][:, :, :, columns]",
            "round|down|cut|floor",
        ),
    ],
    "2.5": [
        ("return reflect_conv2d(x * M, W, b) + reflect_conv2d(x * (1 - M), W_hat, b)", "bias|b|twice"),
        (
            "return reflect_conv2d(torch.cat([x * M, x * (1 - M)], 1), torch.cat([W_hat, W], 1), b)",
            "other way|exchanged|W_hat|order",
        ),
        (
            "return reflect_conv2d(x, W, b) * M + reflect_conv2d(x, W_hat, b) * (1 - M)",
            "location|before|input|output|by channel|first",
        ),
    ],
    "2.6": [
        ((1, 3), "both|side|column|each"),
        ((3, 5), "middle|centre|both|side|wide"),
        ((2, 2), "5|second|reach|wide"),
    ],
    "2.7": [
        (
            "k = W.shape[-1]\ntaps = reflect_conv2d(M, M.new_ones(1, 1, k, k), M.new_zeros(1))\n"
            "y = reflect_conv2d(x * M, W, b) * k**2 / taps.clamp(min=1)\nreturn y * (taps > 0), (taps > 0).to(M.dtype)",
            "bias|b",
        ),
        (
            "k = W.shape[-1]\ntaps = reflect_conv2d(M, M.new_ones(1, 1, k, k), M.new_zeros(1))\n"
            "y = reflect_conv2d(x * M, W, torch.zeros_like(b)) * k**2 / taps.clamp(min=1) + b.view(1, -1, 1, 1)\n"
            "return y, (taps > 0.5).to(M.dtype)",
            "else|0|zero|nothing|empty|no existing|mask",
        ),
        (
            "k = W.shape[-1]\ntaps = reflect_conv2d(M, M.new_ones(1, 1, k, k), M.new_zeros(1))\n"
            "y = reflect_conv2d(x * M, W, torch.zeros_like(b)) * k**2 / taps.clamp(min=1) + b.view(1, -1, 1, 1)\n"
            "return torch.where(taps > 0.5, y, torch.zeros_like(y)), M",
            "mask|grow|unchanged|M",
        ),
    ],
    "2.8": [
        (
            "a = torch.stack([w[..., 0, :] + w[..., 1, :], w[..., 2, :]], -2)\nb = torch.stack([w[..., 0, :], w[..., 1, :] + w[..., 2, :]], -2)\n"
            "def cols(v):\n    return torch.stack([torch.stack([v[..., 0] + v[..., 1], v[..., 2]], -1), torch.stack([v[..., 0], v[..., 1] + v[..., 2]], -1)])\n"
            "return torch.stack([cols(a), cols(b)])",
            "phase|even|odd|exchanged|order|backwards",
        ),
        (
            "rows = [torch.stack([w[:, :, 0], w[:, :, 1] + w[:, :, 2]], 2), torch.stack([w[:, :, 0] + w[:, :, 1], w[:, :, 2]], 2)]\n"
            "out = [[torch.stack([r[..., 0], r[..., 1] + r[..., 2]], 3), torch.stack([r[..., 0] + r[..., 1], r[..., 2]], 3)] for r in rows]\n"
            "return torch.stack([torch.stack([out[q][p] for q in range(2)]) for p in range(2)])",
            "row|column|exchanged|transpos|swapped|first axis",
        ),
        (
            "rows = [torch.stack([w[:, :, 0], (w[:, :, 1] + w[:, :, 2]) / 2], 2), torch.stack([(w[:, :, 0] + w[:, :, 1]) / 2, w[:, :, 2]], 2)]\n"
            "out = [torch.stack([torch.stack([r[..., 0], (r[..., 1] + r[..., 2]) / 2], 3), torch.stack([(r[..., 0] + r[..., 1]) / 2, r[..., 2]], 3)]) for r in rows]\n"
            "return torch.stack(out)",
            "averag|mean|half|add|sum",
        ),
    ],
    "2.9": [
        ("w0, w1, w2 = w.unbind(-1)\nreturn w0, w0 + w1 + w2, w2", "sign|minus|A"),
        ("w0, w1, w2 = w.unbind(-1)\nreturn -w0, w0 + w1 + w2, -w2", "sign|minus|C"),
        ("w0, w1, w2 = w.unbind(-1)\nreturn -w0, w0 + w1, w2", "w2|S|term|sum|all three"),
    ],
    "3.1": [
        ("return torch.cat([I_gt * (1 - M), M], 1)", "other way|revers|exist"),
        ("return torch.cat([M, I_gt * M], 1)", "order|first|last"),
        ("return torch.cat([I_gt * M, 1 - M], 1)", "mask|other way|1 -|1 −"),
    ],
    "3.2": [
        (
            "r, step = 1, 1\nfor k, s, d in layers:\n    step *= s\n    r += (k - 1) * d * step\nreturn r",
            "stride|before|after|own|order|earlier",
        ),
        (
            "r = 1\nfor k, s, d in layers:\n    r += (k - 1) * d * s\nreturn r",
            "product|earlier|before|stride|multipl|accumul",
        ),
        (
            "r, step = 0, 1\nfor k, s, d in layers:\n    r += (k - 1) * d * step\n    step *= s\nreturn r",
            "1|one|itself",
        ),
    ],
    "3.3": [
        (
            "x = x.detach().clone().requires_grad_()\nnetwork(x)[:, :, column, row].sum().backward()\nreturn (x.grad != 0).any(1)",
            "row|column|exchanged|swap",
        ),
        (
            "x = x.detach().clone().requires_grad_()\nnetwork(x).sum().backward()\nreturn (x.grad != 0).any(1)",
            "pixel|row|column|one output|all outputs",
        ),
        (
            "x = x.detach().clone().requires_grad_()\nnetwork(x)[:, :, row, column].sum().backward()\nreturn (x.grad > 0).any(1)",
            "negative|positive|!=|not 0|sign",
        ),
    ],
    "3.4": [
        ((True, True), "second|without|dilation 1"),
        ((False, False), "first|with dil"),
        ((False, True), "order|exchang|other way|wider|first"),
    ],
    "3.5": [
        (
            "if i < 0:\n    i = -i\nif i >= n:\n    i = 2 * (n - 1) - i\nreturn i",
            "once|again|far|mirror|repeat|period|any whole",
        ),
        ("i = i % (2 * n)\nreturn i if i < n else 2 * n - 1 - i", "border|repeat|period|2 n|twice|- 1|− 1"),
        ("return abs(i) % n", "mirror|jump|remainder|period|back|wrap|far"),
    ],
    "3.6": [
        (256, "skip|existing|missing|twice"),
        (160, "c|4c|32|x4|skip|three"),
        (512, "missing|skip|three|3|not|hole"),
    ],
    "3.7": [
        (
            "m = resize_mask(M, x.shape[-2:])\ny = torch.cat([x * m, skip * m, x * (1 - m)], 1)\nreturn F.elu(reflect_conv2d(y, weight, bias))",
            "upsampl",
        ),
        (
            "m = resize_mask(M, x.shape[-2:])\ny = torch.cat([x * m, skip, x * (1 - m)], 1)\n"
            "return F.elu(reflect_conv2d(upsample_nearest(y, 2), weight, bias))",
            "skip",
        ),
        (
            "m = resize_mask(M, x.shape[-2:])\ny = torch.cat([x * m, x * (1 - m), skip * m], 1)\n"
            "return F.elu(reflect_conv2d(upsample_nearest(y, 2), weight, bias))",
            "order|stack",
        ),
    ],
    "3.8": [
        ("return (I_p1 - I_gt).abs().mean() + (I_p2 - I_gt).abs().mean()", "sum|mean|c · h · w"),
        ("return (I_p1 - I_gt).abs().sum() + (I_p2 - I_gt).abs().sum()", "batch|mean|b"),
        (
            "return ((I_p1 - I_gt).abs() * (1 - M)).sum((1, 2, 3)).mean() + ((I_p2 - I_gt).abs() * (1 - M)).sum((1, 2, 3)).mean()",
            "mask|hole|all pixels|M",
        ),
    ],
    "3.9": [
        (({"elu_clip", "tanh"}, {"tanh"}), "clip|elu|first|1.5"),
        (({"tanh"}, {"tanh", "clip"}), "clip|elu|second|-3|−3"),
        (({"tanh"}, {"elu_clip"}), "tanh|second|-3|−3"),
    ],
    "4.1": [
        (
            "psi = phi.flatten(2)\nreturn psi @ psi.transpose(1, 2)",
            "channel|position|Gram|transpos|other side|exchanged",
        ),
        ("psi = F.normalize(phi.flatten(2), dim=1)\nreturn psi.transpose(1, 2) @ psi", "length 1|normali"),
        (
            "b, c, h, w = phi.shape\npsi = phi.reshape(b, h * w, c)\nreturn psi @ psi.transpose(1, 2)",
            "reshape|view|permute|transpos|order|mix",
        ),
    ],
    "4.2": [
        (
            "c = phi_c1.shape[1]\nreturn (correlation(phi_c1) - correlation(phi_gt)).abs().mean((1, 2)).sum() / c**2",
            "mean|sum|pair|batch",
        ),
        ("c = phi_c1.shape[1]\nreturn (correlation(phi_c1) - correlation(phi_gt)).abs().sum() / c**2", "batch|b|mean"),
        (
            "c = phi_c1.shape[1]\nreturn (correlation(phi_c1) - correlation(phi_gt)).square().sum((1, 2)).mean() / c**2",
            "square|absolute",
        ),
    ],
    "4.3": [
        ("return correlation_loss(features(I_c2)[1], features(I_gt)[1])", "first|I_c1|second"),
        ("return correlation_loss(features(I_c1)[2], features(I_gt)[2])", "pool"),
        ("return sum(correlation_loss(a, b) for a, b in zip(features(I_c1), features(I_gt)))", "pool"),
    ],
    "4.4": [
        (400, "one|either|both|changed|row|column|pair"),
        (2000, "column|row|both|and|symmetric"),
        (4000, "twice|both|overlap|count|400"),
    ],
    "4.5": [
        ("n = (h_px // 2) * (w_px // 2)\nreturn b * n * n * dtype.itemsize", "pool|4|quarter"),
        ("n = (h_px // 4) * (w_px // 4)\nreturn b * n * dtype.itemsize", "n|pair|squar"),
        ("n = (h_px // 4) * (w_px // 4)\nreturn n * n * dtype.itemsize", "b|batch|image"),
    ],
    "4.6": [
        (
            "n, total = len(A), A.new_zeros(())\nfor i in range(0, n, tile):\n    for j in range(i, n, tile):\n"
            "        D = A[i:i + tile] @ A[j:j + tile].T - B[i:i + tile] @ B[j:j + tile].T\n        total = total + D.abs().sum()\nreturn total",
            "twice|2|below|symmetric|half|off the diagonal",
        ),
        (
            "n, total = len(A), A.new_zeros(())\nfor i in range(0, n, tile):\n    for j in range(i, n, tile):\n"
            "        D = A[i:i + tile] @ A[j:j + tile].T - B[i:i + tile] @ B[j:j + tile].T\n        total = total + 2 * D.abs().sum()\nreturn total",
            "diagonal|twice|once",
        ),
        (
            "n, total = len(A), A.new_zeros(())\nfor i in range(0, n - tile + 1, tile):\n    for j in range(i, n - tile + 1, tile):\n"
            "        D = A[i:i + tile] @ A[j:j + tile].T - B[i:i + tile] @ B[j:j + tile].T\n"
            "        total = total + (1 if i == j else 2) * D.abs().sum()\nreturn total",
            "last|rest|multiple|remain|left over",
        ),
    ],
    "4.7": [
        ("E = A - B\nreturn E @ E.T", "product|A|B|term"),
        ("E = A - B\nreturn E @ A.T + A @ E.T", "B|twice|E Eᵀ|place"),
        ("E = A - B\nreturn E @ (A + B).T", "symmetr|transpos|commut|product|order"),
    ],
    "4.8": [
        ("c = A.shape[1]\nS = torch.sign(A @ A.T - B @ B.T)\nreturn S @ A / c**2", "2|row|column|twice"),
        ("S = torch.sign(A @ A.T - B @ B.T)\nreturn 2 * S @ A", "σ|c²|c\\*\\*2|sigma|divi"),
        ("c = A.shape[1]\nD = A @ A.T - B @ B.T\nreturn 2 * D @ A / c**2", "sign"),
    ],
    "5.1": [
        ("x = phi.flatten(2)\nreturn x @ x.transpose(1, 2)", "divi|c · h · w|normal"),
        ("b, c, h, w = phi.shape\nx = phi.flatten(2)\nreturn x @ x.transpose(1, 2) / (h * w)", "c"),
        (
            "b, c, h, w = phi.shape\nx = phi.flatten(2)\nreturn x.transpose(1, 2) @ x / (c * h * w)",
            "channel|position|transpos|other side",
        ),
    ],
    "5.2": [((80, 640), "divi|normal"), ((4, 32), "c|channel|divi|8"), ((0.5, 0.5), "sum|eight|8|second")],
    "5.3": [
        (
            {"positions shuffled": {"L_c", "L_s"}, "channels rotated": {"L_c", "L_s"}},
            "L_s|L_c|forg|notice|rotat|shuffl",
        ),
        ({"positions shuffled": {"L_s"}, "channels rotated": {"L_c"}}, "exchanged|other way|position|channel"),
        ({"positions shuffled": {"L_c"}, "channels rotated": set()}, "rotat|L_s|channel"),
    ],
    "5.4": [
        ("return sum((gram(a) - gram(b)).abs().mean() for a, b in zip(phis_c2, phis_gt))", "sum|mean|entries|c"),
        ("return sum((gram(a) - gram(b)).abs().sum() for a, b in zip(phis_c2, phis_gt))", "batch|b|mean"),
        (
            "return sum((gram(a) - gram(b)).abs().sum((1, 2)).mean() for a, b in zip(phis_c2, phis_gt)) / len(phis_gt)",
            "pool|average|mean|sum|3|number",
        ),
    ],
    "5.5": [
        ("s = torch.stack([gram(p).diagonal(dim1=1, dim2=2).sum(1).mean() for p in phis_gt])\nreturn 1 / s", "mean|1"),
        (
            "s = torch.stack([gram(p).diagonal(dim1=1, dim2=2).sum(1).mean() for p in phis_gt])\nw = 1 / s\nreturn w / w.sum()",
            "mean|sum",
        ),
        (
            "s = torch.stack([gram(p).diagonal(dim1=1, dim2=2).sum(1).mean() for p in phis_gt])\nreturn s / s.mean()",
            "upside|reciprocal|invers|1 /|weak|strong|other way",
        ),
    ],
    "5.6": [
        ((384, 256), "hole|missing|skip|x4|deep"),
        ((128, 128), "skip|second|existing|x4|plain"),
        ((256, 128), "order|exchang|other way|first"),
    ],
    "5.7": [
        (
            "I_p1 = first(I_gt, M)\nI_c1 = I_gt * M + I_p1 * (1 - M)\nI_p2 = second(I_c1, M)\nI_c2 = I_gt * M + I_p2 * (1 - M)\nreturn I_c1, I_c2",
            "erase|hole|I_in|input|I_gt|truth",
        ),
        (
            "I_in = I_gt * M\nI_p1 = first(I_in, M)\nI_c1 = I_in + I_p1 * (1 - M)\nI_p2 = second(I_p1, M)\nreturn I_c1, I_in + I_p2 * (1 - M)",
            "composite|I_c1|prediction",
        ),
        (
            "I_in = I_gt * M\nI_p1 = first(I_in, M)\nI_c1 = I_in + I_p1 * (1 - M)\nI_p2 = second(I_in, M)\nreturn I_c1, I_in + I_p2 * (1 - M)",
            "composite|I_c1|second",
        ),
    ],
    "5.8": [
        ({"L_r": {"I_c1", "I_c2"}, "L_c": {"I_c1"}, "L_s": {"I_c2"}, "L_a": {"I_p1", "I_p2"}}, "L_r|prediction"),
        ({"L_r": {"I_p1", "I_p2"}, "L_c": {"I_p1"}, "L_s": {"I_p2"}, "L_a": {"I_p1", "I_p2"}}, "composite|L_c|L_s"),
        ({"L_r": {"I_p1", "I_p2"}, "L_c": {"I_c1"}, "L_s": {"I_c2"}, "L_a": {"I_c1", "I_c2"}}, "L_a|prediction"),
    ],
    "6.1": [
        (64, "apart|kernel|wide|distance|more"),
        (316, "6|kernel|count|add|too|formula"),
        (256, "kernel|more|wide|layer|small|large|too"),
    ],
    "6.2": [
        ("return torch.cat([I * M, M], 1)", "other way|exist|hole"),
        ("return torch.cat([I * (1 - M), 1 - M], 1)", "mask|M"),
        ("return torch.cat([I, M], 1)", "hole|whole|mask|left out|everywhere"),
    ],
    "6.3": [
        (
            "w = W.flatten(1)\nv = torch.full((w.shape[1],), 1 / w.shape[1] ** 0.5, dtype=W.dtype)\nfor _ in range(n):\n"
            "    u = F.normalize(w @ v, dim=0)\n    v = F.normalize(w.T @ u, dim=0)\nreturn u @ w @ v",
            "divi|W|σ",
        ),
        ("return W / torch.linalg.matrix_norm(W.flatten(1), 2)", "iteration|exact|n|estimat|step"),
        (
            "w = W.flatten(1)\nv = torch.ones(w.shape[1], dtype=W.dtype) / w.shape[1]\nfor _ in range(n):\n"
            "    u = w @ v\n    v = w.T @ u\nreturn W / (u @ w @ v)",
            "length 1|normali",
        ),
    ],
    "6.4": [((1, 2, 3), "first|1|real|truth"), ((1,), "fake|prediction|real|truth"), ((2,), "3|both|two|third")],
    "6.5": [
        ("return -(score_p1.mean() + score_p2.mean())", "2|1 -|1 −|constant"),
        ("return score_p1.mean() + score_p2.mean()", "sign|1 -|1 −"),
        ("return (1 - score_p1).mean()", "second|score_p2|both|term"),
    ],
    "6.6": [
        ("return alpha * score_gt.mean() + (1 - score_p1).mean() + (1 - score_p2).mean()", "sign|minus"),
        ("return -(score_gt.mean() + (1 - score_p1).mean() + (1 - score_p2).mean())", "alpha|α"),
        ("return -alpha * score_gt.mean() + (1 - score_p1).mean() + (1 - score_p2).mean()", "sign|bracket|minus"),
    ],
    "6.7": [
        (
            "return alpha * F.relu(1 - score_gt).mean() + F.relu(1 + score_p1).mean() + F.relu(1 + score_p2).mean()",
            "2|half|factor",
        ),
        (
            "return alpha * F.relu(1 + score_gt).mean() + F.relu(1 - score_p1).mean() / 2 + F.relu(1 - score_p2).mean() / 2",
            "sign|other way|exchanged",
        ),
        (
            "return F.relu(1 - score_gt).mean() + F.relu(1 + score_p1).mean() / 2 + F.relu(1 + score_p2).mean() / 2",
            "alpha|α",
        ),
    ],
    "6.8": [
        (4, "negative|positive|above|zero|other way|max"),
        (6, "max|zero|negative|cut|all"),
        (0, "positive|slope|above|max"),
    ],
    "6.9": [
        ("return F.adaptive_avg_pool2d(M, (h, w))", "other way|1 -|1 −|exist"),
        ("return F.interpolate(1 - M, size=(h, w), mode='nearest')", "mean|share|nearest|one pixel|average"),
        ("return F.avg_pool2d(1 - M, (h, w))", "cell|size|window|shape|grid"),
    ],
    "6.10": [("a", ""), ("c", ""), ("d", "")],
    "6.11": [("b", ""), ("d", ""), ("e", "")],
    "6.12": [("b", ""), ("d", ""), ("a", "x")],
    "6.13": [
        (
            "I = I.detach().requires_grad_()\ng, = torch.autograd.grad(D(I, M).mean((1, 2, 3)).sum(), I, create_graph=True)\n"
            "return (g.norm() - 1) ** 2",
            "own|each|batch|picture|length",
        ),
        (
            "I = I.detach().requires_grad_()\ng, = torch.autograd.grad(D(I, M).mean((1, 2, 3)).sum(), I)\n"
            "return ((g.flatten(1).norm(dim=1) - 1) ** 2).mean()",
            "create_graph|gradient|graph|descend",
        ),
        (
            "I = I.detach().requires_grad_()\ng, = torch.autograd.grad(D(I, M).sum(), I, create_graph=True)\n"
            "return ((g.flatten(1).norm(dim=1) - 1) ** 2).mean()",
            "mean|sum|scores",
        ),
    ],
    "7.1": [
        ("return 1.0 if step > epochs_one * steps_per_epoch else 0.0", "late|early|equal|first step|<|one step"),
        ("return 0.0 if step < epochs_one else 1.0", "epoch|steps_per_epoch"),
        ("return 1.0 if step < epochs_one * steps_per_epoch else 0.0", "other way|exchanged|phase"),
    ],
    "7.2": [
        ("return L_r + lambda_1 * L_c + lambda_2 * L_s + lambda_3 * L_a", "None"),
        (
            "if L_a is None:\n    return L_r + lambda_1 * L_c + lambda_2 * L_s\nreturn L_r + lambda_1 * L_c + lambda_2 * L_s - lambda_3 * L_a",
            "sign",
        ),
        ("L = L_r + lambda_1 * L_c + lambda_2 * L_s\nif L_a is not None:\n    L = L + L_a\nreturn L", "lambda_3|λ_3|λ"),
    ],
    "7.3": [
        (
            "out = G(I_gt, M)\np_gt = vgg(I_gt)\nL = losses.L_r(out.I_p1, out.I_p2, I_gt) + config.lambda_1 * losses.L_c(vgg(out.I_p1)[1], p_gt[1])"
            " + config.lambda_2 * losses.L_s(vgg(out.I_p2), p_gt)\nopt_G.zero_grad()\nL.backward()\nopt_G.step()\nreturn L",
            "composite|I_c1|I_c2|I_p1|prediction",
        ),
        (
            "out = G(I_gt, M)\np_gt = vgg(I_gt)\nL = losses.L_r(out.I_p1, out.I_p2, I_gt) + config.lambda_1 * losses.L_c(vgg(out.I_c1)[1], p_gt[1])"
            " + config.lambda_2 * losses.L_s(vgg(out.I_c2), p_gt)\nL.backward()\nopt_G.step()\nreturn L",
            "zero_grad|erase|add up",
        ),
        (
            "out = G(I_gt, M)\nwith torch.no_grad():\n    p_gt, p1, p2 = vgg(I_gt), vgg(out.I_c1), vgg(out.I_c2)\n"
            "L = losses.L_r(out.I_p1, out.I_p2, I_gt) + config.lambda_1 * losses.L_c(p1[1], p_gt[1])"
            " + config.lambda_2 * losses.L_s(p2, p_gt)\nopt_G.zero_grad()\nL.backward()\nopt_G.step()\nreturn L",
            "no_grad|gradient|detach|feature",
        ),
    ],
    "7.4": [
        (
            "s = [D(torch.cat([I * (1 - M), M], 1)).mean() for I in (I_gt, I_p1.detach(), I_p2.detach())]\n"
            "L_a = alpha * s[0] + (1 - s[1]) + (1 - s[2])\nopt_D.zero_grad()\nL_a.backward()\nopt_D.step()\nreturn L_a",
            "sign|minus|-L_a|−L_a",
        ),
        (
            "s = [D(torch.cat([I * (1 - M), M], 1)).mean() for I in (I_gt, I_p1, I_p2)]\n"
            "L_a = alpha * s[0] + (1 - s[1]) + (1 - s[2])\nopt_D.zero_grad()\n(-L_a).backward()\nopt_D.step()\nreturn L_a",
            "detach|generator|gradient",
        ),
        (
            "s = [D(torch.cat([I * M, M], 1)).mean() for I in (I_gt, I_p1.detach(), I_p2.detach())]\n"
            "L_a = alpha * s[0] + (1 - s[1]) + (1 - s[2])\nopt_D.zero_grad()\n(-L_a).backward()\nopt_D.step()\nreturn L_a",
            "hole|mask|other way|exist",
        ),
    ],
    "7.5": [
        ("the gradients are never erased", ""),
        ("the optimiser holds the wrong network", ""),
        ("the features carry no gradient", ""),
    ],
    "7.6": [
        ("the gradients are erased before the step", ""),
        ("the fakes are detached in the generator's loss", ""),
        ("the optimiser holds the wrong network", ""),
    ],
    "7.7": [
        ("the discriminator stays frozen", ""),
        ("the gradients are erased before the step", ""),
        ("the fakes are detached in the generator's loss", ""),
    ],
    "7.8": [
        ("d = max(decay, (1 + n) / (10 + n))\nreturn d * average + (1 - d) * weights", "min|smaller|larger"),
        (
            "d = min(decay, (1 + n) / (10 + n))\nreturn (1 - d) * average + d * weights",
            "exchanged|other way|weights|average",
        ),
        ("return decay * average + (1 - decay) * weights", "warm|min|fraction|n|left out"),
    ],
    "7.9": [
        (5, "loss|after|before|update|first"),
        (10, "Adam|state|differ|some|early|sooner"),
        (7, "sooner|earlier|large|one|late"),
    ],
    "7.10": [
        ("the loss counts the existing region alone", ""),
        ("the input's hole is wider than the one that is filled", ""),
        ("nothing is wrong", ""),
    ],
    "7.11": [("the loss counts the hole alone", ""), ("the learning rate is too high", ""), ("nothing is wrong", "")],
    "7.12": [("nothing is wrong", ""), ("the loss counts the hole alone", ""), ("the learning rate is too high", "")],
    "7.13": [
        (
            "out = G(I_gt, M)\np_gt = vgg(I_gt)\ns1 = D(torch.cat([out.I_p1.detach() * (1 - M), M], 1))\n"
            "s2 = D(torch.cat([out.I_p2.detach() * (1 - M), M], 1))\n"
            "L = (losses.L_r(out.I_p1, out.I_p2, I_gt) + config.lambda_1 * losses.L_c(vgg(out.I_c1)[1], p_gt[1])"
            " + config.lambda_2 * losses.L_s(vgg(out.I_c2), p_gt) + config.lambda_3 * losses.L_a(s1, s2))\n"
            "opt_G.zero_grad()\nL.backward()\nopt_G.step()\nD.zero_grad()\nreturn L",
            "detach|gradient|graph",
        ),
        (
            "out = G(I_gt, M)\np_gt = vgg(I_gt)\ns1 = D(torch.cat([out.I_p1 * (1 - M), M], 1))\n"
            "s2 = D(torch.cat([out.I_p2 * (1 - M), M], 1))\n"
            "L = (losses.L_r(out.I_p1, out.I_p2, I_gt) + config.lambda_1 * losses.L_c(vgg(out.I_c1)[1], p_gt[1])"
            " + config.lambda_2 * losses.L_s(vgg(out.I_c2), p_gt) + config.lambda_3 * losses.L_a(s1, s2))\n"
            "opt_G.zero_grad()\nL.backward()\nopt_G.step()\nreturn L",
            "gradient.* D|left|D .*grad|`D`",
        ),
        (
            "D.requires_grad_(False)\nout = G(I_gt, M)\np_gt = vgg(I_gt)\ns1 = D(torch.cat([out.I_p1 * (1 - M), M], 1))\n"
            "s2 = D(torch.cat([out.I_p2 * (1 - M), M], 1))\n"
            "L = (losses.L_r(out.I_p1, out.I_p2, I_gt) + config.lambda_1 * losses.L_c(vgg(out.I_c1)[1], p_gt[1])"
            " + config.lambda_2 * losses.L_s(vgg(out.I_c2), p_gt) + config.lambda_3 * losses.L_a(s1, s2))\n"
            "opt_G.zero_grad()\nL.backward()\nopt_G.step()\nreturn L",
            "learn|frozen|requires_grad",
        ),
    ],
    "8.1": [
        (
            "missing = (1 - M).mean((1, 2, 3))\nreturn (missing * 10).long()",
            "edge|upper|belongs|exactly|boundary|bucket",
        ),
        ("missing = (1 - M).mean((1, 2, 3))\nreturn torch.ceil(missing * 10).long()", "1|0"),
        ("missing = (1 - M).mean((1, 2, 3))\nreturn torch.ceil(missing * 10) - 1", "int64|dtype|long"),
    ],
    "8.2": [
        (
            "a, b = ((I_c + 1) * 127.5).round(), ((I_gt + 1) * 127.5).round()\nreturn -10 * torch.log10((a - b).square().mean((1, 2, 3)))",
            "255|range|\\[0, 1\\]",
        ),
        (
            "a, b = (I_c + 1) / 2, (I_gt + 1) / 2\nreturn -10 * torch.log10((a - b).square().mean((1, 2, 3)))",
            "round|8 bit|256",
        ),
        (
            "a, b = ((I_c + 1) * 127.5).round() / 255, ((I_gt + 1) * 127.5).round() / 255\nreturn -10 * torch.log10((a - b).square().mean())",
            "batch|each|own|every image",
        ),
    ],
    "8.3": [
        ("return ((I_c - I_gt).abs() / 2).mean((1, 2, 3))", "hole|missing|whole|all pixels|divi"),
        (
            "d = (I_c - I_gt).abs() * (1 - M)\nreturn d.sum((1, 2, 3)) / (3 * (1 - M).sum((1, 2, 3)))",
            r"2|range|\[0, 1\]|half",
        ),
        ("d = (I_c - I_gt).abs() / 2 * (1 - M)\nreturn d.sum((1, 2, 3)) / (1 - M).sum((1, 2, 3))", "3|channel|colour"),
    ],
    "8.4": [
        ("n = len(values)\nreturn float(1.96 * values.std() / n ** 0.5)", "t|Student|1.96|normal"),
        ("n = len(values)\nreturn float(stdtrit(n - 1, 0.975) * values.std())", "root|n|√|divi"),
        ("n = len(values)\nreturn float(stdtrit(n - 1, 0.95) * values.std() / n ** 0.5)", "0.975|0.95|two|side|tail"),
    ],
    "8.5": [
        ("return mean_and_interval(values.flatten())", "heap|flatten|photo|independent|all rows|own"),
        ("return mean_and_interval(values.mean(0))", "axis|photo|mask|wrong ax"),
        ("return mean_and_interval(values[:, 0])", "first|one mask|mask|mean"),
    ],
    "8.6": [
        (
            "m_a, h_a = mean_and_interval(a)\nm_b, h_b = mean_and_interval(b)\nreturn m_a - m_b, h_a + h_b",
            "pair|difference|photo",
        ),
        ("return mean_and_interval(b - a)", "sign|other way|exchanged"),
        ("return mean_and_interval((a - b).abs())", "abs|sign"),
    ],
    "8.7": [
        (
            "root = torch.linalg.eigvals(S_1 @ S_2).real.sqrt().sum()\nreturn (mu_1 - mu_2).norm() + torch.trace(S_1 + S_2) - 2 * root",
            "square",
        ),
        (
            "root = (S_1 @ S_2).sqrt()\nreturn (mu_1 - mu_2).square().sum() + torch.trace(S_1 + S_2 - 2 * root)",
            "matrix|entr|eigen|nan|root",
        ),
        (
            "root = torch.linalg.eigvals(S_1 @ S_2).real.sqrt().sum()\nreturn (mu_1 - mu_2).square().sum() + torch.trace(S_1 + S_2) - root",
            "2|factor|twice",
        ),
    ],
    "8.8": [
        (2048, "row|picture|more|100|large"),
        (100, "mean|99|subtract|one|large"),
        (1948, "row|100|mean|rank|large"),
    ],
    "8.9": [("falls", ""), ("stays", ""), ("grows", "one of")],
    "8.10": [(-35.7, "sign|minus|positive"), (82.2, "log|10|base"), (17.8, "10|20|root|twice|factor|half")],
    "9.1": [("cd", "c|text|caption|e"), ("ed", "order"), ("df", "f|text|caption|e")],
    "9.2": [
        ("return [f.name for f in fields(Config) if getattr(a, f.name) != getattr(b, f.name)]", "alphabet|sort|order"),
        (
            "return sorted(f.name for f in fields(Config) if getattr(a, f.name) == getattr(b, f.name))",
            "other way|equal|same|differ|inver",
        ),
        (
            "return sorted(f.name for f in fields(Config) if getattr(a, f.name) is not getattr(b, f.name))",
            "is|equal|!=|identi|too many",
        ),
    ],
    "9.3": [
        ("x = torch.sort(values).values\nreturn float(x[-k:].mean())", "choice|largest|mean|average|all"),
        (
            "n = len(values)\nx = torch.sort(values).values\nreturn float(sum(x[i] * math.comb(i, k) for i in range(n)) / math.comb(n, k))",
            "k|k − 1|k - 1|one|choose",
        ),
        (
            "n = len(values)\nx = torch.sort(values, descending=True).values\nreturn float(sum(x[i] * math.comb(i, k - 1) for i in range(n)) / math.comb(n, k))",
            "order|smallest|descending|sort|reverse|smaller",
        ),
    ],
    "9.4": [
        ("return math.ceil(1.96 * float((a - b).std()) / half_width)", "square"),
        ("return int((1.96 * float((a - b).std()) / half_width) ** 2)", "round|up|down|ceil"),
        (
            "s = (a.var() + b.var()).sqrt()\nreturn math.ceil((1.96 * float(s) / half_width) ** 2)",
            "pair|difference|photo|shared|common",
        ),
    ],
    "9.5": [
        ("return mean_and_interval(values.flatten())", "training|heap|flatten|photo|all"),
        ("return mean_and_interval(values.mean(0))", "axis|training|photo"),
        (
            "m, h = zip(*(mean_and_interval(v) for v in values))\nreturn sum(m) / len(m), sum(h) / len(h)",
            "training|photo|average|half",
        ),
    ],
    "9.6": [
        (
            "return math.sqrt((var_training + var_photo + var_rest) / (trainings * photos))",
            "training|photo|divi|own|each",
        ),
        ("return var_training / trainings + var_photo / photos + var_rest / (trainings * photos)", "root"),
        (
            "return math.sqrt(var_training / trainings) + math.sqrt(var_photo / photos) + math.sqrt(var_rest / (trainings * photos))",
            "root|sum|add",
        ),
    ],
    "9.7": [
        ("return p <= 0.05 / len(p)", "Bonferroni|next|n − 1|step|same|0.05"),
        (
            "n = len(p)\nout = torch.zeros(n, dtype=torch.bool)\nfor k, i in enumerate(p.argsort()):\n    out[i] = p[i] <= 0.05 / (n - k)\nreturn out",
            "stop|break|first",
        ),
        (
            "n = len(p)\nq = p.sort().values\nout = torch.zeros(n, dtype=torch.bool)\nfor k in range(n):\n    if q[k] > 0.05 / (n - k):\n        break\n    out[k] = True\nreturn out",
            "order|sort",
        ),
    ],
    "10.1": [
        ("return F.max_pool2d(M, 2 * r + 1, stride=1, padding=r)", "shrink|grow|other way|exist|smaller|hole|sign"),
        ("return 1 - F.max_pool2d(1 - M, r, stride=1, padding=r // 2)", "2 r|window|side|both|r"),
        (
            "H = 1 - M\nfor _ in range(r):\n    P = F.pad(H, (1, 1, 1, 1))\n"
            "    H = torch.stack([H, P[:, :, 2:, 1:-1], P[:, :, :-2, 1:-1], P[:, :, 1:-1, 2:], P[:, :, 1:-1, :-2]]).amax(0)\nreturn 1 - H",
            "corner|diamond|diagonal",
        ),
    ],
    "10.2": [
        ("return (I - a * W) / (1 - a)", "nan|inf|zero|opaque|0"),
        ("return torch.where(a < 1, I - a * W, torch.zeros_like(I))", "divi"),
        ("return torch.where(a < 1, (I - W) / (1 - a), torch.zeros_like(I))", "a|factor"),
    ],
    "10.3": [
        ((0.5, 0.5), "divi|1 - a|1 − a|amplif|larger|grow"),
        ((1, 0.56), "0.9|divi|second|1 −"),
        ((0.25, 0.05), "divi|multipl|larger|grow"),
    ],
    "10.4": [
        (
            "_, _, h, w = I.shape\n_, _, k, m = T.shape\nbest, place = float('inf'), (0, 0)\nfor y in range(h - k):\n    for x in range(w - m):\n"
            "        d = float((I[:, :, y:y + k, x:x + m] - T).square().sum())\n        if d < best:\n            best, place = d, (y, x)\nreturn place",
            "last|one|edge|border|range|end|\\+ 1",
        ),
        (
            "_, _, h, w = I.shape\n_, _, k, m = T.shape\nbest, place = float('inf'), (0, 0)\nfor y in range(h - k + 1):\n    for x in range(w - m + 1):\n"
            "        d = float((I[:, :, y:y + k, x:x + m] - T).square().sum())\n        if d < best:\n            best, place = d, (x, y)\nreturn place",
            "row|column|order|exchanged",
        ),
        (
            "s = F.conv2d(I, T)[0, 0]\ni = int(s.argmax())\nreturn i // s.shape[1], i % s.shape[1]",
            "product|bright|square|correlation|difference|large",
        ),
    ],
    "10.5": [
        ("w = (d / r).clamp(max=1)\nreturn (1 - w) * I_p + w * near", "exchanged|other way"),
        ("w = d / r\nreturn (1 - w) * near + w * I_p", "1|clamp|min|limit"),
        ("w = (d * r).clamp(max=1)\nreturn (1 - w) * near + w * I_p", "divi|multipl"),
    ],
    "10.6": [
        ("return fill(I.flip(2), M.flip(2)).flip(2)", "left|axis|upside|height|row|3"),
        ("return fill(I.flip(3), M.flip(3))", "back|again|mirror|flip|runs backwards"),
        ("return fill(I.flip(3), M).flip(3)", "mask|M"),
    ],
    "10.7": [
        (
            "p = F.pad(I, (1, 1, 1, 1), mode='replicate')\nmean = (p[:, :, :-2, 1:-1] + p[:, :, 2:, 1:-1] + p[:, :, 1:-1, :-2] + p[:, :, 1:-1, 2:]) / 4\n"
            "d = (I - mean).mean(1, keepdim=True)\nreturn F.avg_pool2d(d, k, stride=1, padding=k // 2, count_include_pad=False)",
            "absolute|sign|cancel",
        ),
        (
            "p = F.pad(I, (1, 1, 1, 1), mode='replicate')\nmean = (p[:, :, :-2, 1:-1] + p[:, :, 2:, 1:-1] + p[:, :, 1:-1, :-2] + p[:, :, 1:-1, 2:]) / 4\n"
            "d = (I - mean).abs().mean(1, keepdim=True)\nreturn F.avg_pool2d(d, k, stride=1, padding=k // 2)",
            "border|pad|count_include_pad|inside",
        ),
        (
            "p = F.pad(I, (1, 1, 1, 1), mode='replicate')\nmean = (p[:, :, :-2, 1:-1] + p[:, :, 2:, 1:-1] + p[:, :, 1:-1, :-2] + p[:, :, 1:-1, 2:]) / 4\n"
            "return F.avg_pool2d((I - mean).abs(), k, stride=1, padding=k // 2, count_include_pad=False)",
            "colour|channel|mean|axis",
        ),
    ],
    "12.1": [
        ("hours = n_photos * epochs / (photos_per_second * gpus * 3600)\nreturn hours, hours * price", "gpus|GPU"),
        (
            "hours = n_photos * epochs / (photos_per_second * gpus)\nreturn hours, hours * price * gpus",
            "3600|second|hour",
        ),
        ("hours = n_photos * epochs / (photos_per_second * 3600)\nreturn hours, hours * price", "gpus|GPU"),
    ],
    "12.2": [
        ("return int(mb_free // mb_of_one)", "fixed|part|image|each|difference|mb_of_two"),
        ("per = mb_of_two - mb_of_one\nreturn int(mb_free // per)", "fixed|part|mb_of_one"),
        ("per = mb_of_two - mb_of_one\nreturn int((mb_free - mb_of_one) // per)", "1|one|first|fixed"),
    ],
    "12.3": [("aecd", "run 1|first|1"), ("bcea", "3|4|third|fourth|memory"), ("bcad ", "x")],
}
"""Exercise → wrong answers (a whole body, or for a prediction a value) with the words of which a message that names the
mistake says one. Words `x`: a right answer; empty words: one of a few choices, each of which has a message."""
