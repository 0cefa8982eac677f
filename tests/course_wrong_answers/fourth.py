"""A fourth list: three less likely wrong answers to every function, whole answers again; odd ones, typing mistakes among them.

Written as the third was, blind, and to be unlike it: what a reader of the notebook would not expect. Its share says what
a message is worth where nobody foresaw the mistake.
"""

_FOUR = "(p[:, :, :-2, 1:-1] + p[:, :, 2:, 1:-1] + p[:, :, 1:-1, :-2] + p[:, :, 1:-1, 2:])"
_STEP = (
    "out = G(I_gt, M)\np_gt = vgg(I_gt)\nL_r = losses.L_r(out.I_p1, out.I_p2, I_gt)\nL_c = losses.L_c(vgg(out.I_c1)[1], p_gt[1])\n"
    "L_s = losses.L_s(vgg(out.I_c2), p_gt)\n"
)
_UPDATE = "opt_G.zero_grad()\nL.backward()\nopt_G.step()\n"
_SCORES = "s1 = D(torch.cat([out.I_p1 * (1 - M), M], 1))\ns2 = D(torch.cat([out.I_p2 * (1 - M), M], 1))\nL_a = losses.L_a(s1, s2)\n"
_JUDGED = "s = [D(torch.cat([I * (1 - M), M], 1)).mean() for I in (I_gt, I_p1.detach(), I_p2.detach())]\n"
_DESCEND = "opt_D.zero_grad()\n(-L_a).backward()\nopt_D.step()\nreturn L_a"
_TAPS = "k = W.shape[-1]\ntaps = reflect_conv2d(M, M.new_ones(1, 1, k, k), M.new_zeros(1))\n"
_LOOP = (
    "n, c, h, w = x.shape\nout = x.new_zeros(n, len(W), h, w)\nfor i, y, z in product(range(n), range(h), range(w)):\n"
    "    window = x_pad[i, :, y:y + k, z:z + k]\n    F1, b1 = (W, b) if M[i, 0, y, z] == 1 else (W_hat, b_hat)\n"
)
_TILES = "n, total = len(A), A.new_zeros(())\nfor i in range(0, n, tile):\n    for j in range(i, n, tile):\n"
_PHASES = (
    "def rows(v, d):\n    a, b, c = v.unbind(d)\n    return [torch.stack([a, b + c], d), torch.stack([a + b, c], d)]\n"
)

WRONG = {
    "0.1": [
        ("return missing_pixels // all_pixels", "whole|//|decimal|round"),
        ("return (missing_pixels / all_pixels) ** 0.5", "root"),
        ("return missing_pixels / (missing_pixels + all_pixels)", "all_pixels|whole|both|added|divisor|\\+"),
    ],
    "1.1": [
        ("return I_in * M + I_p * M", "hole|1 - M|1 − M|other way|twice"),
        ("return I_p + I_in * M", "hole|mask|everywhere|1 - M|1 − M"),
        ("return torch.where(M.bool(), I_p, I_in)", "other way|exchanged"),
    ],
    "1.2": [
        ("return (1 - M).mean((2, 3))", "axis|shape"),
        ("return (1 - M).sum((1, 2, 3)) / M.sum((1, 2, 3))", "divi|exist|all|numel|ratio"),
        ("return (1 - M).mean(0).mean((1, 2))", "batch|axis|axes"),
    ],
    "1.3": [
        ("M = torch.ones(1, height, width)\nM.view(-1)[:missing] = 0\nreturn M", "random|same|generator"),
        (
            "M = torch.ones(1, height, width)\nt = [(int(torch.randint(height, (1,), generator=generator)), int(torch.randint(width, (1,), generator=generator)))]\n"
            "for _ in range(missing):\n    y, x = t.pop(int(torch.randint(len(t), (1,), generator=generator)))\n    M[0, y, x] = 0\n"
            "    t += [(a, b) for a, b in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)) if 0 <= a < height and 0 <= b < width]\nreturn M",
            "exactly|fewer|less|twice|missing",
        ),
        (
            "M = torch.ones(1, height, width)\nt = [(height // 2, width // 2)]\nn = 0\nwhile n < missing:\n"
            "    y, x = t.pop(int(torch.randint(len(t), (1,))))\n    if M[0, y, x]:\n        M[0, y, x] = 0\n        n += 1\n"
            "    t += [(a, b) for a, b in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)) if 0 <= a < height and 0 <= b < width and M[0, a, b]]\nreturn M",
            "generator",
        ),
    ],
    "1.5": [
        (
            f"I = I_in\np = F.pad(I, (1, 1, 1, 1), mode='replicate')\nfor _ in range(steps):\n    mean = {_FOUR} / 4\n    I = I_in * M + mean * (1 - M)\nreturn I",
            "pad|loop|one step|first|once|again|steps",
        ),
        (
            f"I = I_in\nfor _ in range(steps):\n    p = F.pad(I, (1, 1, 1, 1), mode='replicate')\n    I = I_in + {_FOUR} / 4 * M\nreturn I",
            "other way|1 - M|1 − M|hole",
        ),
        (
            "I = I_in\nfor _ in range(steps):\n    p = F.pad(I, (1, 1, 1, 1), mode='replicate')\n"
            "    I = I_in * M + (p[:, :, :-2, 1:-1] + p[:, :, 2:, 1:-1] + p[:, :, 1:-1, :-2] + p[:, :, 1:-1, :-2]) / 4 * (1 - M)\nreturn I",
            "neighbour|left|right|twice|side",
        ),
    ],
    "1.6": [
        (
            "a, b = (I + 1) / 2, (I_gt + 1) / 2\nl2 = ((a - b) * (1 - M)).sum((1, 2, 3)).square() / (3 * (1 - M).sum((1, 2, 3)))\nreturn -10 * torch.log10(l2)",
            "square|before|cancel",
        ),
        (
            "a, b = (I + 1) / 2, (I_gt + 1) / 2\nl2 = ((a - b).square() * (1 - M)).sum((1, 2, 3)) / (3 * (1 - M).sum((1, 2, 3)))\nreturn -20 * torch.log10(l2)",
            "10|20|factor|2|twice",
        ),
        (
            "a, b = (I + 1) / 2, (I_gt + 1) / 2\nl2 = ((a - b).square() * (1 - M)).amax((1, 2, 3))\nreturn -10 * torch.log10(l2)",
            "largest|max|mean",
        ),
    ],
    "2.2": [
        (_LOOP + "    out[i, :, y, z] = (F1 * window).sum() + b1\nreturn out", "filter|sum|axes|all|own"),
        (
            _LOOP + "    out[i, :, y, z] = (F1.flip(2, 3) * window).sum((1, 2, 3)) + b1\nreturn out",
            "flip|backwards|mirror|revers",
        ),
        (_LOOP + "    out[i, :, y, z] = (F1 * window).mean((1, 2, 3)) + b1\nreturn out", "mean|sum"),
    ],
    "2.3": [
        (
            "return reflect_conv2d(x, W * M.mean() + W_hat * (1 - M.mean()), b * M.mean() + b_hat * (1 - M.mean()))",
            "location|mean|averag|filter|each",
        ),
        (
            "return torch.where(M > 0, reflect_conv2d(x, W, b), reflect_conv2d(x, W_hat, b_hat)).clamp(-1, 1)",
            "clamp|cut|limit",
        ),
        (
            "return reflect_conv2d(x, W, b) * M + reflect_conv2d(x, W_hat, b_hat)",
            "everywhere|1 - M|1 − M|mask|hole|exist",
        ),
    ],
    "2.4": [
        (
            "rows = torch.linspace(0, M.shape[2], h).round().long().clamp(max=M.shape[2] - 1)\ncolumns = torch.linspace(0, M.shape[3], w).round().long().clamp(max=M.shape[3] - 1)\nreturn M[:, :, rows][:, :, :, columns]",
            "1|H|last|- 1|− 1",
        ),
        (
            "rows = torch.linspace(0, M.shape[2] - 1, w).round().long()\ncolumns = torch.linspace(0, M.shape[3] - 1, h).round().long()\nreturn M[:, :, rows][:, :, :, columns]",
            "exchanged|swap|height|width|order",
        ),
        (
            "rows = (torch.linspace(0, M.shape[2] - 1, h)).ceil().long()\ncolumns = (torch.linspace(0, M.shape[3] - 1, w)).ceil().long()\nreturn M[:, :, rows][:, :, :, columns]",
            "round|up|nearest",
        ),
    ],
    "2.5": [
        (
            "return reflect_conv2d(torch.cat([x * M, x], 1), torch.cat([W, W_hat], 1), b)",
            "mask|hole|1 - M|1 − M|existing",
        ),
        (
            "return reflect_conv2d(torch.cat([x * M, x * (1 - M)], 1), torch.cat([W, W_hat], 1), b) / 2",
            "half|2|factor|averag",
        ),
        (
            "m = M.mean()\nreturn reflect_conv2d(torch.cat([x * m, x * (1 - m)], 1), torch.cat([W, W_hat], 1), b)",
            "mask|mean|M|own|pixel",
        ),
    ],
    "2.7": [
        (
            _TAPS
            + "y = reflect_conv2d(x, W, torch.zeros_like(b)) * k**2 / taps.clamp(min=1) + b.view(1, -1, 1, 1)\nkeep = (taps > 0.5).to(M.dtype)\nreturn y * keep, keep",
            "mask|M|hole|missing",
        ),
        (
            _TAPS
            + "y = reflect_conv2d(x * M, W, torch.zeros_like(b)) * taps / k**2 + b.view(1, -1, 1, 1)\nkeep = (taps > 0.5).to(M.dtype)\nreturn y * keep, keep",
            "upside|divi|fraction|invers|other way",
        ),
        (
            _TAPS
            + "y = reflect_conv2d(x * M, W, torch.zeros_like(b)) * k**2 / taps.clamp(min=1) + b.view(1, -1, 1, 1)\nkeep = (taps > k**2 - 0.5).to(M.dtype)\nreturn torch.where(taps > 0.5, y, torch.zeros_like(y)), keep",
            "something|any|all|whole window|grow|every",
        ),
    ],
    "2.8": [
        (
            _PHASES + "return torch.stack([torch.stack(rows(r, 3)) for r in rows(w, 2)]).flip(1)",
            "column|phase|even|odd|backwards|exchanged|order",
        ),
        (
            _PHASES + "return torch.stack([torch.stack(rows(r, 3)) for r in rows(w, 2)]) / 4",
            "4|quarter|factor|divi|averag|sum",
        ),
        (
            "def rows(v, d):\n    a, b, c = v.unbind(d)\n    return [torch.stack([a, b + c], d), torch.stack([a + b, b + c], d)]\n"
            "return torch.stack([torch.stack(rows(r, 3)) for r in rows(w, 2)])",
            "odd|twice|tap|w1|term|second",
        ),
    ],
    "2.9": [
        ("w0, w1, w2 = w.unbind(-1)\nreturn -w0, (w0 + w1 + w2) / 3, w2", "3|mean|sum|averag|divi"),
        ("w0, w1, w2 = w.unbind(-1)\nreturn w2, w0 + w1 + w2, -w0", "order|exchanged"),
        ("w0, w1, w2 = w.unbind(-1)\nreturn -(w0 + w1), w0 + w1 + w2, w2", "A|w0|w1|first"),
    ],
    "3.1": [
        ("return torch.cat([I_gt * M, M], 1) * M", "x"),
        ("return torch.cat([I_gt * M - (1 - M), M], 1)", "hole|-1|−1|0|subtract|zero|eras"),
        ("return torch.cat([(I_gt * M + 1) / 2, M], 1)", "1|range|half|\\[0, 1\\]"),
    ],
    "3.2": [
        (
            "r, step = 1, 1\nfor k, s, d in layers:\n    r += k * d * step\n    step *= s\nreturn r",
            "k - 1|k − 1|1|kernel",
        ),
        (
            "r, step = 1, 1\nfor k, s, d in layers:\n    r += (k - 1) * d * step\n    step += s\nreturn r",
            "multipl|product|\\*|add|operation",
        ),
        (
            "r, step = 1, 1\nfor k, s, d in reversed(layers):\n    r += (k - 1) * d * step\n    step *= s\nreturn r",
            "order|revers|backwards",
        ),
    ],
    "3.3": [
        (
            "x = x.detach().clone().requires_grad_()\nnetwork(x)[:, 0, row, column].sum().backward()\nreturn (x.grad != 0).any(1)",
            "channel|sum|first",
        ),
        (
            "x = x.detach().clone().requires_grad_()\nnetwork(x)[0, :, row, column].sum().backward()\nreturn (x.grad != 0).any(1)",
            "batch|image|first",
        ),
        (
            "x = x.detach().clone().requires_grad_()\nnetwork(x)[:, :, row, column].sum().backward()\nreturn x.grad.sum(1) != 0",
            "cancel|any|channel|sum",
        ),
    ],
    "3.5": [
        ("p = 2 * n - 2\ni = i % p\nreturn p - i - 1 if i >= n else i", "1|one|border"),
        ("p = 2 * n - 2\ni = i % p\nreturn i - n if i >= n else i", "mirror|back|period|repeat"),
        ("return max(0, min(n - 1, i))", "border|repeat|clamp|mirror|limit"),
    ],
    "3.7": [
        (
            "m = resize_mask(M, x.shape[-2:])\ny = torch.cat([x * m, skip * m, x * m], 1)\nreturn F.elu(reflect_conv2d(upsample_nearest(y, 2), weight, bias))",
            "hole|1 - m|mask|other way|third|missing",
        ),
        (
            "m = resize_mask(M, x.shape[-2:])\ny = torch.cat([x * m, skip * m, x * (1 - m)], 1)\nreturn reflect_conv2d(upsample_nearest(F.elu(y), 2), weight, bias)",
            "ELU|order|before|after|activation",
        ),
        (
            "m = resize_mask(M, x.shape[-2:])\ny = torch.cat([x * m, skip * (1 - m), x * (1 - m)], 1)\nreturn F.elu(reflect_conv2d(upsample_nearest(y, 2), weight, bias))",
            "skip|other way",
        ),
    ],
    "3.8": [
        ("return (I_p1 - I_gt).abs().sum() / len(I_gt)", "I_p2|second|term|both"),
        ("return ((I_p1 + I_p2) / 2 - I_gt).abs().sum() / len(I_gt)", "average|each|own|mean|two|separate|both"),
        ("return ((I_p1 - I_gt).abs() + (I_p2 - I_gt).abs()).amax((1, 2, 3)).mean()", "largest|max|sum"),
    ],
    "4.1": [
        ("psi = phi.flatten(2)\nreturn psi.transpose(1, 2) @ psi / phi.shape[1]", "c|channel|divi|small|factor"),
        (
            "psi = phi.transpose(2, 3).flatten(2)\nreturn psi.transpose(1, 2) @ psi",
            "row-major|order|height|width|transpos|exchanged|column",
        ),
        (
            "psi = phi.flatten(2)\npsi = psi - psi.mean(2, keepdim=True)\nreturn psi.transpose(1, 2) @ psi",
            "mean|subtract|centre|center",
        ),
    ],
    "4.2": [
        (
            "c = phi_c1.shape[1]\nreturn (correlation(phi_c1) - correlation(phi_gt)).abs().sum((1, 2)).mean() / c",
            "c²|square|c\\*\\*2|factor|c times",
        ),
        (
            "c = phi_c1.shape[1]\nreturn (correlation(phi_c1) - correlation(phi_gt)).sum((1, 2)).abs().mean() / c**2",
            "before|absolute|cancel|after",
        ),
        (
            "c = phi_c1.shape[1]\nreturn correlation(phi_c1 - phi_gt).abs().sum((1, 2)).mean() / c**2",
            "difference|two|each",
        ),
    ],
    "4.3": [
        ("return correlation_loss(features(I_c1)[1], features(I_p1)[1])", "I_gt|truth|I_p1"),
        (
            "return correlation_loss(features(I_c1)[1], features(I_gt)[1]) + correlation_loss(features(I_c2)[1], features(I_gt)[1])",
            "I_c2|first|alone|second|both",
        ),
        ("return correlation_loss(I_c1, I_gt)", "feature|pool"),
    ],
    "4.5": [
        ("n = (h_px // 4) * (w_px // 4)\nreturn b * n * n * dtype.itemsize * 8", "8|bit|factor"),
        ("n = h_px // 4 + w_px // 4\nreturn b * n * n * dtype.itemsize", "multipl|product|added|\\*|\\+"),
        ("n = (h_px // 4) * (w_px // 4)\nreturn b * n * (n + 1) // 2 * dtype.itemsize", "half|pair|2|symmetr|all"),
    ],
    "4.6": [
        (
            _TILES
            + "        D = A[i:i + tile] @ B[j:j + tile].T\n        total = total + (1 if i == j else 2) * D.abs().sum()\nreturn total",
            "difference|A Aᵀ|product|B|term",
        ),
        (
            _TILES
            + "        D = A[i:i + tile] @ A[j:j + tile].T - B[i:i + tile] @ B[j:j + tile].T\n        total = (1 if i == j else 2) * D.abs().sum()\nreturn total",
            "last|add|total|running|sum|\\+=",
        ),
        (
            "n, total = len(A), A.new_zeros(())\nfor i in range(0, n, tile):\n    for j in range(0, i + 1, tile):\n"
            "        D = A[i:i + tile] @ A[j:j + tile].T - B[i:i + tile] @ B[j:j + tile].T\n        total = total + (1 if i == j else 2) * D.abs().sum()\nreturn total",
            "below|diagonal|above|lower",
        ),
    ],
    "4.7": [
        ("E = A - B\nreturn E @ A.T - B @ E.T", "sign|minus"),
        ("E = A - B\nreturn E @ E.T + 2 * B @ E.T", "symmetr|transpos|both|2|E"),
        ("E = B - A\nreturn E @ A.T + B @ E.T", "sign|other way|exchanged"),
    ],
    "4.8": [
        (
            "c = A.shape[1]\nS = torch.sign(A @ A.T - B @ B.T)\nreturn 2 * S @ (A - B) / c**2",
            "A|B|product|derivative|difference",
        ),
        ("c = len(A)\nS = torch.sign(A @ A.T - B @ B.T)\nreturn 2 * S @ A / c**2", "c|n|row|channel|shape|size|len"),
        ("c = A.shape[1]\nE = A - B\nreturn 2 * torch.sign(E) / c**2", "pair|product|D|A A"),
    ],
    "5.1": [
        (
            "b, c, h, w = phi.shape\nx = phi.flatten(2)\nx = x - x.mean(2, keepdim=True)\nreturn x @ x.transpose(1, 2) / (c * h * w)",
            "mean|subtract|centre|covariance",
        ),
        (
            "b, c, h, w = phi.shape\nx = phi.flatten(2)\nreturn (x @ x.transpose(1, 2) / (c * h * w)).abs().sqrt()",
            "root",
        ),
        (
            "b, c, h, w = phi.shape\nx = phi.transpose(0, 1).flatten(1)\nreturn (x @ x.T / (b * c * h * w)).expand(b, c, c)",
            "batch|image|own|each",
        ),
    ],
    "5.4": [
        ("return (gram(phis_c2[-1]) - gram(phis_gt[-1])).abs().sum((1, 2)).mean()", "pool|last|all|one|every"),
        (
            "total = 0\nfor a, b in zip(phis_c2, phis_gt):\n    total = (gram(a) - gram(b)).abs().sum((1, 2)).mean()\nreturn total",
            "pool|last|add|total|sum|\\+=",
        ),
        (
            "return sum((gram(a) - gram(b)).abs().sum((1, 2)).mean() / a[0].numel() for a, b in zip(phis_c2, phis_gt))",
            "normalis|twice|divi|c · h · w",
        ),
    ],
    "5.5": [
        ("w = torch.stack([1 / p.abs().mean() for p in phis_gt])\nreturn w / w.mean()", "square|absolute"),
        (
            "w = torch.stack([1 / gram(p).sum((1, 2)).mean() for p in phis_gt])\nreturn w / w.mean()",
            "diagonal|trace|entries|all",
        ),
        (
            "w = torch.stack([1 / gram(p).diagonal(dim1=1, dim2=2).sum(1).mean() for p in phis_gt])\nreturn (w / w.mean()).softmax(0)",
            "softmax",
        ),
    ],
    "5.7": [
        (
            "I_in = I_gt * M\nI_c1 = I_in + first(I_in, M) * (1 - M)\nI_c2 = I_c1 + second(I_c1, M) * (1 - M)\nreturn I_c1, I_c2",
            "I_c1|I_in|added|hole|mask|erase|second",
        ),
        (
            "I_in = I_gt * M\nI_c1 = I_in + first(I_in, M) * (1 - M)\nI_c2 = I_in + first(I_c1, M) * (1 - M)\nreturn I_c1, I_c2",
            "second|first|never|network",
        ),
        (
            "I_in = I_gt * M\nI_c1 = I_in + first(I_in, M) * (1 - M)\nI_c2 = I_in + second(I_c1, torch.ones_like(M)) * (1 - M)\nreturn I_c1, I_c2",
            "mask|M|everywhere|1",
        ),
    ],
    "6.2": [
        ("return torch.cat([I * (1 - M), M.expand_as(I)], 1)", "channel|shape|four|size|expand|axis 1"),
        ("return torch.cat([M, I * (1 - M)], 1)", "order|last|first|fourth"),
        ("return torch.cat([I - M, M], 1)", "multipl|subtract|product|hole|exist|1 −|0"),
    ],
    "6.3": [
        (
            "w = W.flatten(1)\nv = torch.full((w.shape[1],), 1 / w.shape[1] ** 0.5, dtype=W.dtype)\nfor _ in range(n + 1):\n"
            "    u = F.normalize(w @ v, dim=0)\n    v = F.normalize(w.T @ u, dim=0)\nreturn W / (u @ w @ v)",
            "one step|too many|n \\+ 1|loop|`n` \\+ 1",
        ),
        (
            "w = W.flatten(1)\nv = torch.full((w.shape[1],), 1 / w.shape[1] ** 0.5, dtype=W.dtype)\nfor _ in range(n):\n"
            "    u = F.normalize(w @ v, dim=0)\n    v = F.normalize(w.T @ u, dim=0)\nreturn W / (u @ w @ v) ** 2",
            "square",
        ),
        ("return W / W.norm()", "singular|Frobenius|iteration|norm|all entries|n"),
    ],
    "6.5": [
        ("return (1 - score_p1).mean() - (1 - score_p2).mean()", "sign|minus"),
        ("return (1 - torch.cat([score_p1, score_p2])).mean()", "half|averag|added|mean|2"),
        ("return (1 - score_p1).abs().mean() + (1 - score_p2).abs().mean()", "abs"),
    ],
    "6.6": [
        ("return -(alpha * score_gt.mean() + (1 - score_p1 - score_p2).mean())", "1|term|2|constant"),
        ("return -(score_gt.mean() + alpha * (1 - score_p1).mean() + alpha * (1 - score_p2).mean())", "alpha|α"),
        (
            "return -(alpha * score_gt.mean() + (1 - score_p1).mean() * (1 - score_p2).mean())",
            "multipl|product|added|sum|\\+",
        ),
    ],
    "6.7": [
        (
            "return alpha * F.relu(1 - score_gt.mean()) + (F.relu(1 + score_p1.mean()) + F.relu(1 + score_p2.mean())) / 2",
            "mean|patch|before|after|each",
        ),
        (
            "return alpha * F.relu(1 - score_gt).mean() + F.relu(1 + (score_p1 + score_p2) / 2).mean()",
            "each|own|two|separate|average|mean",
        ),
        (
            "return alpha * F.relu(1 - score_gt).sum() + (F.relu(1 + score_p1).sum() + F.relu(1 + score_p2).sum()) / 2",
            "sum|mean|patch",
        ),
    ],
    "6.9": [
        ("return (F.adaptive_avg_pool2d(1 - M, (h, w)) > 0.5).to(M.dtype)", "threshold|share|0 or 1|half|round"),
        ("return F.adaptive_max_pool2d(1 - M, (h, w))", "max|mean|share"),
        ("return F.adaptive_avg_pool2d(1 - M, (w, h))", "swap|exchanged|order|height|width"),
    ],
    "6.13": [
        (
            "I = I.detach().requires_grad_()\ng, = torch.autograd.grad(D(I, M).mean((1, 2, 3)).sum(), I, create_graph=True)\nreturn ((g.flatten(1).norm(dim=1) - 1).abs()).mean()",
            "square|abs",
        ),
        (
            "I = I.detach().requires_grad_()\ng, = torch.autograd.grad(D(I, M).mean((1, 2, 3)).sum(), I, create_graph=True)\nreturn ((g.flatten(1).abs().sum(1) - 1) ** 2).mean()",
            "norm|length|abs|root|Euclid|square",
        ),
        (
            "I = I.detach().requires_grad_()\ng, = torch.autograd.grad(D(I, M).mean(), I, create_graph=True)\nreturn ((g.flatten(1).norm(dim=1) - 1) ** 2).mean()",
            "batch|mean|sum|own|each",
        ),
    ],
    "7.1": [
        ("return min(1.0, step / (epochs_one * steps_per_epoch))", "jump|0.0|grow|between|until|0 or 1|only"),
        ("return 1.0 if step % steps_per_epoch >= epochs_one else 0.0", "remainder|epoch|%|//|divi"),
        ("return 1.0 if step >= epochs_one + steps_per_epoch else 0.0", "multipl|added|\\*|\\+|product"),
    ],
    "7.2": [
        (
            "L = L_r + lambda_1 * (L_c + lambda_2 * L_s)\nif L_a is not None:\n    L = L + lambda_3 * L_a\nreturn L",
            "lambda_1|λ_1|bracket|L_s|lambda_2",
        ),
        (
            "L = L_r + lambda_1 * L_c + lambda_2 * L_s + lambda_3\nif L_a is not None:\n    L = L + lambda_3 * L_a\nreturn L",
            "lambda_3|λ_3|added|too much",
        ),
        (
            "L = L_r + lambda_1 * L_s + lambda_2 * L_c\nif L_a is not None:\n    L = L + lambda_3 * L_a\nreturn L",
            "exchanged|L_s|L_c|place",
        ),
    ],
    "7.3": [
        (
            _STEP + "L = L_r + config.lambda_1 * L_c + config.lambda_2 * L_s\n" + _UPDATE + "return L / len(I_gt)",
            "b |batch|divi|small|factor|half",
        ),
        (_STEP + "L = L_r + L_c + L_s\n" + _UPDATE + "return L", "lambda|λ"),
        (
            _STEP
            + "opt_G.zero_grad()\nL_r.backward()\nopt_G.step()\nreturn L_r + config.lambda_1 * L_c + config.lambda_2 * L_s",
            "L_r|backward|trains|moves|weights|alone|other",
        ),
    ],
    "7.4": [
        (_JUDGED + "L_a = alpha * s[0] + (1 - s[1])\n" + _DESCEND, "I_p2|second|term"),
        (_JUDGED + "L_a = s[0] + (1 - s[1]) + (1 - s[2])\n" + _DESCEND, "alpha|α"),
        (
            _JUDGED + "L_a = alpha * s[0] + (1 - s[1]) + (1 - s[2])\n" + _DESCEND.replace("return L_a", "return -L_a"),
            "sign|minus",
        ),
    ],
    "7.8": [
        (
            "d = min(decay, (1 + n) / (10 + n))\naverage += (1 - d) * (weights - average)\nreturn average",
            "in place|changes its argument",
        ),
        ("d = min(decay, 1 + n / 10 + n)\nreturn d * average + (1 - d) * weights", "bracket|min|decay|fraction|warm|n"),
        ("d = min(decay, (1 + n) / (10 + n))\nreturn d * average + weights", "1 - d|1 − d|factor|weights"),
    ],
    "7.13": [
        (
            _STEP
            + _SCORES
            + "L = L_r + config.lambda_1 * L_c + config.lambda_2 * L_s - config.lambda_3 * L_a\n"
            + _UPDATE
            + "D.zero_grad()\nreturn L",
            "sign|minus",
        ),
        (
            _STEP
            + _SCORES.replace("out.I_p2", "out.I_c2").replace("out.I_p1", "out.I_c1").replace("* (1 - M)", "* M")
            + "L = L_r + config.lambda_1 * L_c + config.lambda_2 * L_s + config.lambda_3 * L_a\n"
            + _UPDATE
            + "D.zero_grad()\nreturn L",
            "hole|mask|other way|exist",
        ),
        (
            _STEP
            + _SCORES
            + "L = L_r + config.lambda_1 * L_c + config.lambda_2 * L_s + L_a\n"
            + _UPDATE
            + "D.zero_grad()\nreturn L",
            "lambda_3|λ_3",
        ),
    ],
    "8.1": [
        ("missing = M.mean((1, 2, 3))\nreturn (torch.ceil(missing * 10) - 1).long()", "other way|exist|1 −|1 -"),
        ("missing = (1 - M).mean((1, 2, 3))\nreturn (missing * 10).round().long()", "round|up|edge|nearest"),
        ("missing = (1 - M).mean()\nreturn (torch.ceil(missing * 10) - 1).long()", "batch|each|own|shape|axis"),
    ],
    "8.2": [
        (
            "a, b = (I_c * 255).round() / 255, (I_gt * 255).round() / 255\nreturn -10 * torch.log10((a - b).square().mean((1, 2, 3)))",
            r"\[0, 1\]|\[-1, 1\]|\[−1, 1\]|range|half|2",
        ),
        (
            "a, b = ((I_c + 1) * 127.5).round() / 255, ((I_gt + 1) * 127.5).round() / 255\nreturn 10 * torch.log10((a - b).square().mean((1, 2, 3)))",
            "sign",
        ),
        (
            "a, b = ((I_c + 1) * 128).round() / 255, ((I_gt + 1) * 128).round() / 255\nreturn -10 * torch.log10((a - b).square().mean((1, 2, 3)))",
            "127.5|128|255|256|factor",
        ),
    ],
    "8.3": [
        (
            "d = (I_c - I_gt).abs() / 2 * (1 - M)\nreturn d.sum((1, 2, 3)) / (3 * M.sum((1, 2, 3)))",
            "exist|other way|1 −|1 -|hole|mask",
        ),
        ("d = (I_c - I_gt).abs() / 2 * (1 - M)\nreturn d.sum() / (3 * (1 - M).sum())", "batch|each|own|axis|averag"),
        (
            "d = (I_c - I_gt) / 2 * (1 - M)\nreturn d.sum((1, 2, 3)).abs() / (3 * (1 - M).sum((1, 2, 3)))",
            "before|absolute|cancel",
        ),
    ],
    "8.4": [
        ("n = len(values)\nreturn float(stdtrit(n, 0.975) * values.std() / n ** 0.5)", "n - 1|n − 1|freedom|one"),
        ("n = len(values)\nreturn float(stdtrit(n - 1, 0.975) * values.std() / n)", "root|n"),
        ("n = len(values)\nreturn float(2 * stdtrit(n - 1, 0.975) * values.std() / n ** 0.5)", "half|2|twice|factor"),
    ],
    "8.5": [
        ("m, h = mean_and_interval(values.mean(1))\nreturn h, m", "order|exchanged"),
        ("m, h = mean_and_interval(values.mean(1))\nreturn m, 2 * h", "2|twice|factor|half"),
        ("return mean_and_interval(values.amax(1))", "largest|max|mean"),
    ],
    "8.6": [
        ("m, h = mean_and_interval(a - b)\nreturn m, h / 2", "2|half|factor"),
        ("return mean_and_interval(a.sort().values - b.sort().values)", "sort|order|pair|photo"),
        ("m, h = mean_and_interval(a / b)\nreturn m, h", "divi|differen|ratio|subtract|quotient"),
    ],
    "8.7": [
        (
            "root = torch.linalg.eigvals(S_1 @ S_2).real.sum().sqrt()\nreturn (mu_1 - mu_2).square().sum() + torch.trace(S_1 + S_2) - 2 * root",
            "each|root|before|after|order|sum",
        ),
        (
            "root = torch.linalg.eigvals(S_1 @ S_2).real.sqrt().sum()\nreturn (mu_1 - mu_2).square().sum() + (S_1 + S_2).sum() - 2 * root",
            "trace|diagonal|entries",
        ),
        (
            "root = torch.linalg.eigvals(S_1 @ S_2).real.sqrt().sum()\nreturn (mu_1 - mu_2).square().mean() + torch.trace(S_1 + S_2) - 2 * root",
            "mean|sum",
        ),
    ],
    "9.2": [
        ("return [f for f in fields(Config) if getattr(a, f.name) != getattr(b, f.name)]", "name"),
        (
            "return sorted({f.name for f in fields(Config)} - {f.name for f in fields(Config) if getattr(a, f.name) != getattr(b, f.name)})",
            "same|equal|other|differ|inver",
        ),
        (
            "return sorted(f.name for f in fields(Config) if getattr(a, f.name) > getattr(b, f.name))",
            ">|differ|larger|!=|`TypeError`|missing|both",
        ),
    ],
    "9.3": [
        ("return float(values.max())", "k|choice|averag|mean"),
        (
            "n = len(values)\nx = values.sort().values\nreturn float(sum(x[i] * math.comb(i, k - 1) for i in range(n)) / math.comb(n, k - 1))",
            "k|number|choose|choices|comb",
        ),
        (
            "n = len(values)\nx = values\nreturn float(sum(x[i] * math.comb(i, k - 1) for i in range(n)) / math.comb(n, k))",
            "sort|order",
        ),
    ],
    "9.4": [
        ("return math.ceil((1.96 * float((a - b).var()) / half_width) ** 2)", "variance|root|std|standard"),
        ("return math.ceil((1.96 * float((a - b).std()) / half_width) ** 2) * 2", "2|twice|factor"),
        ("return math.ceil((1.96 * float((a - b).std()) / (2 * half_width)) ** 2)", "2|half|factor|4|twice|width"),
    ],
    "9.5": [
        (
            "m, h = mean_and_interval(values.mean(1))\nreturn m, h / len(values) ** 0.5",
            "root|number|training|factor|divi|twice",
        ),
        ("return mean_and_interval(values[0])", "first|training|one"),
        ("m, h = mean_and_interval(values.mean(1))\nreturn m, m - h", "half|width|subtract|second|result\\[1\\]"),
    ],
    "9.6": [
        (
            "return math.sqrt(var_training / photos + var_photo / trainings + var_rest / (trainings * photos))",
            "exchanged|photos|trainings|place",
        ),
        (
            "return math.sqrt(var_training / trainings + var_photo / photos + var_rest / (trainings + photos))",
            "multipl|product|added|\\+|\\*",
        ),
        ("return math.sqrt(var_training + var_photo + var_rest)", "divi|trainings|photos|number"),
    ],
    "9.7": [
        (
            "n = len(p)\nout = torch.zeros(n, dtype=torch.bool)\nfor k, i in enumerate(p.argsort(descending=True)):\n    if p[i] > 0.05 / (n - k):\n        break\n    out[i] = True\nreturn out",
            "smallest|order|descending|largest|sort",
        ),
        (
            "n = len(p)\nout = torch.ones(n, dtype=torch.bool)\nfor k, i in enumerate(p.argsort()):\n    if p[i] > 0.05 / (n - k):\n        break\n    out[i] = False\nreturn out",
            "invert|other way|revers|rejected",
        ),
        (
            "n = len(p)\nout = torch.zeros(n, dtype=torch.bool)\nfor k, i in enumerate(p.argsort()):\n    if p[i] > 0.05 / n:\n        break\n    out[i] = True\nreturn out",
            "n − 1|n - 1|n|next|step|Bonferroni",
        ),
    ],
    "10.1": [
        (
            "return 1 - F.max_pool2d(1 - M, 2 * r, stride=1, padding=r)[:, :, :M.shape[2], :M.shape[3]]",
            "2 r|side|shift|one|window|\\+ 1",
        ),
        (
            "H = F.avg_pool2d(1 - M, 2 * r + 1, stride=1, padding=r)\nreturn 1 - H",
            "mean|0 and 1|max|any|threshold|between",
        ),
        ("return 1 - F.max_pool2d(F.pad(1 - M, (r, r, r, r), value=1.0), 2 * r + 1, stride=1)", "border|outside|pad"),
    ],
    "10.2": [
        (
            "return torch.where(a < 1, (I + a * W) / (1 - a).clamp(min=1e-6), torch.zeros_like(I))",
            "sign|subtract|minus",
        ),
        ("return torch.where(a < 1, (I - a * W) / a.clamp(min=1e-6), torch.zeros_like(I))", "1 - a|1 − a|divi|from 1"),
        ("return torch.where(a < 1, (I - a * W) / (1 - a).clamp(min=1e-6), I)", "opaque|0|zero|a = 1|a is 1"),
    ],
    "10.4": [
        (
            "s = (I.unfold(2, T.shape[2], 1).unfold(3, T.shape[3], 1) - T[:, :, None, None]).square().sum((1, 4, 5))[0]\nreturn int(s.argmin()), int(s.argmin())",
            "row|column|index|divi|//|%|flat|width",
        ),
        (
            "s = (I.unfold(2, T.shape[2], 1).unfold(3, T.shape[3], 1) - T[:, :, None, None]).square().sum((1, 4, 5))[0]\ni = int(s.argmin())\nreturn i // I.shape[3], i % I.shape[3]",
            "width|column|w|size|places|number|divi",
        ),
        (
            "s = (I.unfold(2, T.shape[2], 1).unfold(3, T.shape[3], 1) - T[:, :, None, None]).square().sum((1, 4, 5))[0]\ni = int(s.argmax())\nreturn i // s.shape[1], i % s.shape[1]",
            "largest|least|max|smallest",
        ),
    ],
    "10.5": [
        ("w = (d / r).clamp(max=1) ** 2\nreturn (1 - w) * near + w * I_p", "square"),
        ("w = (d / r).clamp(max=1)\nreturn (1 - w) * near + I_p", "w|weight|factor"),
        ("w = 1 - (d / (r + 1)).clamp(max=1)\nreturn w * near + (1 - w) * I_p", "r|one|\\+ 1|1"),
    ],
    "10.6": [
        ("return fill(I, M).flip(3)", "mirror|flip|before|argument|input"),
        ("return (fill(I.flip(3), M.flip(3)).flip(3) + fill(I, M)) / 2", "averag|mirror|alone|mean|two"),
        ("return fill(I.flip(3), 1 - M.flip(3)).flip(3)", "other way|mask"),
    ],
    "10.7": [
        (
            f"p = F.pad(I, (1, 1, 1, 1), mode='replicate')\nmean = {_FOUR} / 4\nd = (I - mean).square().mean(1, keepdim=True)\nreturn F.avg_pool2d(d, k, stride=1, padding=k // 2, count_include_pad=False)",
            "square|abs|size",
        ),
        (
            f"p = F.pad(I, (1, 1, 1, 1), mode='replicate')\nmean = ({_FOUR} + I) / 5\nd = (I - mean).abs().mean(1, keepdim=True)\nreturn F.avg_pool2d(d, k, stride=1, padding=k // 2, count_include_pad=False)",
            "itself|own|five|four|0.8|5|factor",
        ),
        (
            f"p = F.pad(I, (1, 1, 1, 1), mode='reflect')\nmean = {_FOUR} / 4\nd = (I - mean).abs().mean(1, keepdim=True)\nreturn F.avg_pool2d(d, k, stride=1, padding=k // 2, count_include_pad=False)",
            "border|pad|reflect|mirror|repeat",
        ),
    ],
    "12.1": [
        (
            "hours = n_photos * epochs / photos_per_second / gpus / 60\nreturn hours, hours * price * gpus",
            "3600|60|second|minute",
        ),
        ("hours = n_photos / (photos_per_second * gpus * 3600)\nreturn hours, hours * price * gpus", "epochs"),
        (
            "hours = n_photos * epochs / (photos_per_second * gpus * 3600)\nreturn hours * price * gpus, hours",
            "order|exchanged",
        ),
    ],
    "12.2": [
        (
            "per = mb_of_two - mb_of_one\nreturn round((mb_free - 2 * mb_of_one + mb_of_two) / per)",
            "round|down|fixed|sign",
        ),
        ("per = mb_of_two - mb_of_one\nreturn int((mb_free - (mb_of_one - per)) / per)", "negative|0|none|max"),
        ("per = mb_of_two / 2\nreturn max(0, int(mb_free // per))", "fixed|part|difference|mb_of_one"),
    ],
}
"""As in `third.py`."""
