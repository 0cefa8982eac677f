"""A second list, written when the messages stood and tried once: what is a message worth for a mistake that is new?"""

_HOLM = "0.05 / (len(p) - step)"
_REST = "var_rest / (trainings * photos)"

WRONG = {
    "1.1": [
        ("return I_in * M + I_p", "everywhere|added|exist"),
        ("return I_p + (I_in - I_p) * M[:, :, :, :1]", "mask|column|own|one"),
        ("return (I_in + I_p * (1 - M)).clamp(0, 1)", "cut|clamp|limit"),
    ],
    "1.2": [
        ("return (1 - M).amax((1, 2, 3))", "largest|maximum|max"),
        ("return (1 - M).mean((1, 2, 3)).sqrt()", "root"),
        ("return 1 - (1 - M).mean((1, 2, 3))", "existing|1 −|taken from 1"),
    ],
    "1.3": [
        ("M = torch.ones(1, height, width)\nM[:, :missing // width + 1] = 0\nreturn M", "more|exactly|same"),
        ("return M -> return M.squeeze(0)", r"\(1, height, width\)"),
        ("return M -> return M.numpy()", "tensor"),
    ],
    "1.5": [
        ("/ 4 -> / 3", "4|factor|divi"),
        ("    I = I_in\n -> \n    I = I_in + (1 - M)\n", "start|begin|step|hole|added"),
        ("I_in + mean * (1 - M) -> I_in + (I + mean) / 2 * (1 - M)", "half|averaged|mean|old"),
    ],
    "1.6": [
        ("squares.sum((1, 2, 3)) -> squares.amax((1, 2, 3))", "largest|sum"),
        ("/ (3 * (1 - M).sum((1, 2, 3))) -> / (3 * M.sum((1, 2, 3)))", "other way|existing|exist"),
        ("-10 * torch.log10(l2) -> -10 * torch.log10(l2.sqrt())", "root"),
    ],
    "2.2": [
        (
            "weight, bias = (W[m], b[m]) if exists else (W_hat[m], b_hat[m]) -> weight, bias = W[m], b[m]",
            "case|W_hat|distinction",
        ),
        ("window * weight -> window[:1] * weight", "channel|first"),
        ("(window * weight).sum() + bias -> (window * weight).sum() - bias", "sign"),
    ],
    "2.3": [
        ("existing * M -> existing * M * M", "x"),
        ("return existing * M + missing * (1 - M) -> return missing * M + missing * (1 - M)", "W|twice|place"),
        (
            "return existing * M + missing * (1 - M) -> return (existing * M + missing * (1 - M)).relu()",
            "relu|cut at zero|zero",
        ),
    ],
    "2.4": [
        (
            "return M[:, :, rows][:, :, :, columns] -> return 1 - M[:, :, rows][:, :, :, columns]",
            "other way|1 −|taken from",
        ),
        ("+ 0.5).long()\n    columns -> + 0.5).long().flip(0)\n    columns", "backwards|reverse|row"),
        ("return F.max_pool2d(M, (M.shape[2] // h, M.shape[3] // w))[:, :, :h, :w]", "size|shape|maximum"),
    ],
    "2.5": [
        ("[x * M, x * (1 - M)] -> [x * M, x * M]", "mask|other way|twice|hole"),
        ("[W, W_hat] -> [W, W]", "W_hat|twice|place"),
        ("reflect_conv2d(stacked, filters, b) -> reflect_conv2d(stacked, filters, b) * M", "mask|hole|existing"),
    ],
    "2.7": [
        ("k**2 -> k", "k|square|factor"),
        ("(taps > 0.5) -> (taps > 1.5)", "one|enough|0.5|strict"),
        ("x * M, W -> x * (1 - M), W", "other way|hole"),
    ],
    "2.8": [
        ("w[:, :, 1] + w[:, :, 2]], dim=2) -> w[:, :, 1] - w[:, :, 2]], dim=2)", "sign"),
        (
            "return torch.stack([torch.stack(even), torch.stack(odd)], dim=1) -> return torch.stack([torch.stack(even), torch.stack(odd)], dim=1).flip(-1)",
            "backwards|reverse|order",
        ),
        ("return torch.stack([torch.stack(even), torch.stack(even)], dim=1)", "even|phase|twice|odd|NameError"),
    ],
    "2.9": [
        ("-w0, w0 + w1 + w2, w2 -> -w0, w0 + w1 - w2, w2", "sign"),
        ("-w0, w0 + w1 + w2, w2 -> -w1, w0 + w1 + w2, w2", "w0|first|before|A"),
        ("-w0, w0 + w1 + w2, w2 -> w0 + w1 + w2, -w0, w2", "order"),
    ],
    "3.1": [
        ("[I_gt * M, M] -> [I_gt, I_gt * M]", "channel|mask|size|four"),
        ("[I_gt * M, M] -> [I_gt * M, I_gt[:, :1]]", "mask|M"),
        ("[I_gt * M, M] -> [I_gt.abs() * M, M]", "sign|abs"),
    ],
    "3.2": [
        ("dilation * step -> dilation + step", "multipl|product|factor|added"),
        ("return side -> return side - 1", "1|one"),
        ("return side -> return step", "side|step|stride|place|field"),
    ],
    "3.3": [
        ("(x.grad != 0) -> (x.grad == 0)", "other way|inverted"),
        ("[..., row, column] -> [..., row, :]", "column|row|one output|pixel"),
        (".any(dim=1) -> ", "any|axis|channel"),
    ],
    "3.5": [
        ("return min(i, period - i) -> return period - i", "first|min|smaller|always"),
        ("return abs(i) % n", "wrap|mirror|other side|periodic|negative|far"),
        ("min(i, period - i) -> min(i, period - i) + 1", "1|one"),
    ],
    "3.7": [
        ("upsample_nearest(regions, 2) -> upsample_nearest(regions, 4)", "2|4|size|factor"),
        ("M = resize_mask(M, x.shape[-2:]) -> M = 1 - resize_mask(M, x.shape[-2:])", "other way"),
        ("F.elu( -> F.leaky_relu(", "ELU|leaky"),
    ],
    "3.8": [
        ("(I_p2 - I_gt) -> (I_p2 - I_p1)", "I_gt|truth|I_p1"),
        ("/ len(I_gt) -> / I_gt.numel()", "c · h · w|mean|sum"),
        ("(I_p1 - I_gt).abs().sum() + -> 2 * (I_p1 - I_gt).abs().sum() +", "2|factor|twice|weight"),
    ],
    "4.1": [
        ("return psi.transpose(1, 2) @ psi -> return (psi.transpose(1, 2) @ psi) ** 2", "square"),
        ("return psi.transpose(1, 2) @ psi -> return torch.cdist(psi.mT, psi.mT)", "distance|product|difference"),
        ("psi.transpose(1, 2) @ psi -> psi.relu().transpose(1, 2) @ psi.relu()", "relu|negative|zero|cut"),
    ],
    "4.2": [
        ("/ len(phi_c1) -> / phi_c1[0].numel()", "c · h · w|batch|divi|mean"),
        ("difference.abs().sum() -> difference.square().sum().sqrt()", "root|Euclid|norm"),
        ("difference.abs().sum() -> difference.abs().triu().sum()", "half|i ≤ j|pairs|triang"),
    ],
    "4.3": [
        (
            "return correlation_loss(features(I_c1)[1], features(I_gt)[1]) -> return correlation_loss(features(I_p2)[1], features(I_gt)[1])",
            "composite|I_p2|prediction",
        ),
        (
            "return correlation_loss(features(I_c1)[1], features(I_gt)[1]) -> return correlation_loss(features(I_c1)[1], features(I_gt)[1]) + correlation_loss(features(I_p1)[1], features(I_gt)[1])",
            "alone|prediction|I_p1|both",
        ),
        (
            "return correlation_loss(features(I_c1)[1], features(I_gt)[1]) -> return (features(I_c1)[1] - features(I_gt)[1]).abs().mean()",
            "correlation",
        ),
    ],
    "4.5": [
        ("(w_px // 4) -> w_px", "quarter|4|division"),
        ("b * n * n * dtype.itemsize -> b * (n + n) * dtype.itemsize", "pair|n²|squared|multipl"),
        ("n * n -> n * n * n", "n|pair|power"),
    ],
    "4.6": [
        ("D.abs().sum() -> D.sum()", "absolute|cancel"),
        ("range(0, len(A), tile) -> range(0, tile, tile)", "tile|row|loop|range|first"),
        ("(1 if i == j else 2) * D.abs() -> (2 if i == j else 1) * D.abs()", "exchanged|diagonal"),
    ],
    "4.7": [
        ("E @ A.T + B @ E.T -> 2 * E @ A.T", "symmetric|B|2"),
        ("E = A - B -> E = A + B", "sign|minus|difference"),
        ("E @ A.T + B @ E.T -> E @ A.T + (B @ E.T).T", "transpos|symmetric"),
    ],
    "4.8": [
        ("2 * S @ A -> 2 * S.abs() @ A", "sign|absolute"),
        ("2 * S @ A -> 4 * S @ A", "2|factor|4|twice"),
        ("torch.sign(A @ A.T - B @ B.T) -> torch.sign(A @ A.T)", "B|difference|D|term"),
    ],
    "5.1": [
        ("x @ x.transpose(1, 2) -> x @ x.transpose(1, 2) * 2", "2|factor"),
        (
            "return x @ x.transpose(1, 2) / (c * h * w) -> return (x @ x.transpose(1, 2) / (c * h * w)).sum(0)",
            "batch|own|each",
        ),
        ("phi.flatten(2) -> phi.abs().flatten(2)", "sign|abs"),
    ],
    "5.4": [
        ("gram(phi_c2) - gram(phi_gt) -> gram(phi_c2)", "gt|truth|term|difference"),
        ("total = 0 -> total = 1", "1|constant|begin"),
        (".abs().sum((1, 2)) -> .abs().amax((1, 2))", "largest|sum|max"),
    ],
    "5.5": [
        ("1 / diagonal_sums -> 1 / diagonal_sums**2", "square"),
        ("return weights / weights.mean() -> return weights / weights.mean() * 3", "3|mean|factor"),
        ("phi.square().mean() for -> phi[0].square().mean() for", "batch|first|image"),
    ],
    "5.7": [
        ("second(I_c1, M), M) -> second(I_c1, 1 - M), M)", "mask|other way"),
        ("return I_c1, I_c2 -> return [I_c2, I_c1]", "order"),
        ("compose(I_in, first(I_in, M), M) -> compose(first(I_in, M), I_in, M)", "other way|exchanged"),
    ],
    "6.2": [
        ("[I * (1 - M), M] -> [I * (1 - M), M, M]", "four|channel|size"),
        ("I * (1 - M) -> I + (1 - M)", "multipl|hole|added|zero|factor"),
        ("I * (1 - M) -> I * (1 - M) / (1 - M).mean()", "factor|fraction|divi|mean"),
    ],
    "6.3": [
        ("(u @ matrix @ v) -> (u @ matrix @ v) ** 2", "square|σ²"),
        ("F.normalize(matrix.new_ones(matrix.shape[1]), dim=0) -> matrix.new_ones(matrix.shape[1])", "x"),
        ("(u @ matrix @ v) -> matrix.abs().max()", "largest|entry|singular|max|norm"),
    ],
    "6.5": [
        ("(1 - score_p1).mean() + -> 2 * (1 - score_p1).mean() +", "2|factor|weight|twice"),
        ("(1 - score_p2) -> (1 - score_p1)", "score_p2|second|place"),
        (
            "return (1 - score_p1).mean() + (1 - score_p2).mean() -> return (1 - score_p1).mean() * (1 - score_p2).mean()",
            "add|multipl|sum|product",
        ),
    ],
    "6.6": [
        ("alpha * score_gt -> (1 - alpha) * score_gt", "alpha|α"),
        ("score_p2).mean() -> score_p1).mean()", "score_p2|second|place"),
        ("alpha * score_gt.mean() -> alpha * score_gt.abs().mean()", "abs|sign"),
    ],
    "6.7": [
        ("1 + score_p2 -> 2 + score_p2", "margin|1|2"),
        ("F.relu(1 + score_p2) -> F.softplus(1 + score_p2)", "relu|softplus|max"),
        ("alpha * real -> real / alpha", "alpha|α|divi"),
    ],
    "6.9": [
        ("1 - M -> (1 - M) ** 2 / 2", "factor|half|0.5|divi"),
        ("(h, w)) -> (h, w)).sqrt()", "root"),
        ("(h, w)) -> (h, w)).flip(2)", "backwards|row|order"),
    ],
    "7.1": [
        ("0.0 if -> 0 if", "x"),
        (
            "0.0 if step < epochs_one * steps_per_epoch else 1.0 -> step / (epochs_one * steps_per_epoch)",
            "jump|grow|0.0|between",
        ),
        ("step < epochs_one -> step > epochs_one", "other way|exchanged|phase"),
    ],
    "7.2": [
        ("lambda_1 * L_c -> lambda_1 + L_c", "multipl|factor|weigh|added"),
        ("L + lambda_3 * L_a -> lambda_3 * (L + L_a)", "λ_3|lambda_3|alone|L_a"),
        ("lambda_2 * L_s -> lambda_1 * L_s", "λ_2|lambda_2"),
    ],
    "7.3": [
        ("out.I_p1, out.I_p2, I_gt -> out.I_p2, out.I_p1, I_gt", "x"),
        ("L.backward() -> (-L).backward()", "sign|descend|ascend|minus"),
        ("return L.detach() -> return L_r.detach()", "L|return|L_r|term"),
    ],
    "7.4": [
        ("(-L_a).backward() -> (-L_a / 2).backward()", "2|half|factor|0.5"),
        ("I_p1.detach(), I_p2.detach() -> I_p1.detach(), I_p1.detach()", "I_p2|place|second|same"),
        ("(1 - fake_1) + (1 - fake_2) -> fake_1 + fake_2", "sign|1 −|1 -|fake|taken from"),
    ],
    "7.8": [
        ("(1 - d) * weights -> (d - 1) * weights", "sign|other way"),
        ("(10 + n) -> (11 + n)", "10|11"),
        (
            "return d * average + (1 - d) * weights -> return weights + d * (weights - average)",
            "sign|other way|average",
        ),
    ],
    "8.1": [
        ("(10 * missing - 1) -> (10 * missing + 1)", "sign|edge|upper"),
        ("M[0].numel() -> M.shape[-1] ** 2", "height|width|square|numel|pixels"),
        ("(10 * missing - 1) -> (5 * missing - 1)", "10|5|ten"),
    ],
    "8.2": [
        (".pow(2) -> .abs()", "square|absolute"),
        (".flatten(1).mean(1) -> .flatten(1).sum(1)", "sum|mean|c · h · w"),
        ("a.round() - b.round() -> (a - b).round()", "round"),
    ],
    "8.3": [
        ("/ 2 * (1 - M) -> / 2", "x"),
        (
            "return difference.flatten(1).sum(1) / (3 * (1 - M).flatten(1).sum(1)) -> return difference.flatten(1).amax(1)",
            "largest|max|mean",
        ),
        ("/ 2 * (1 - M) -> / 255 * (1 - M)", "255|range|factor|divi"),
    ],
    "8.4": [
        ("values.std() -> values.mean()", "mean|spread|standard"),
        ("stdtrit(n - 1, 0.975) -> stdtrit(n - 1, 0.995)", "0.975|0.995|quantile|99|factor"),
        ("values.std() -> (values.max() - values.min())", "range|spread|standard|largest"),
    ],
    "8.5": [
        ("return mean_and_interval(values.mean(1)) -> return mean_and_interval(values.mean(1).exp())", "exp"),
        (
            "return mean_and_interval(values.mean(1)) -> return float(values.mean()), mean_and_interval(values.flatten())[1]",
            "heap|rows|masks|independent",
        ),
        ("values.mean(1) -> values[:, 1]", "one mask|mask|average"),
    ],
    "8.6": [
        ("a - b -> a + b", "sign|subtract|minus"),
        ("a - b -> (a - b) ** 2", "square"),
        ("a - b -> (a - b) / b", "ratio|relative|divide|division|share"),
    ],
    "8.7": [
        ("S_1.trace() + S_2.trace() -> S_1.trace()", "S_2|term"),
        ("(mu_1 - mu_2) ** 2 -> (mu_1 - mu_2).abs()", "square|absolute"),
        ("torch.linalg.eigvals(S_1 @ S_2).real -> torch.linalg.eigvals(S_1 + S_2).real", "product|sum|S_1"),
    ],
    "9.2": [
        (
            "return sorted(field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)) -> return ', '.join(sorted(f.name for f in fields(Config) if getattr(a, f.name) != getattr(b, f.name)))",
            "list",
        ),
        (
            "return sorted(field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)) -> return sorted(f.name for f in fields(Config))",
            "too many|differ",
        ),
        (
            "return sorted(field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)) -> return []",
            "missing|empty",
        ),
    ],
    "9.3": [
        ("range(n) -> range(n - 1)", "one|last|range|loop"),
        ("x[i] -> x[-i]", "order|sign|largest|other end"),
        ("math.comb(n, k) -> math.comb(n, k - 1)", "k|choices|C\\("),
    ],
    "9.4": [
        ("(a - b).std() -> (a + b).std()", "sign|difference|minus"),
        ("1.96 -> 1.64", "1.96|95|90"),
        ("math.ceil( -> 1 + int(", "x"),
    ],
    "9.5": [
        ("values.mean(1) -> values.mean(1) - values.mean()", "mean|subtract"),
        ("values.mean(1) -> values.sum(1)", "sum|mean"),
        ("values.mean(1) -> values.median(1).values", "median|mean"),
    ],
    "9.6": [
        (_REST + " -> var_rest / trainings**2", "rest|product|trainings"),
        ("var_photo / photos -> var_photo * photos", "multipl|divid"),
        ("var_training / trainings + -> ", "training"),
    ],
    "9.7": [
        (_HOLM + " -> 0.05 / (step + 1)", "n|step|other way|smallest|order"),
        (_HOLM + " -> 0.1 / (len(p) - step)", "0.05|0.1|factor"),
        ("p[i] > -> p[i] <", "other way|exchanged|comparison"),
    ],
    "10.1": [
        ("stride=1, padding=r -> stride=2, padding=r", "stride|shape|size"),
        (
            "return -F.max_pool2d(-M, 2 * r + 1, stride=1, padding=r) -> return M",
            "grow|unchanged|nothing|same|left out",
        ),
        ("2 * r + 1, stride=1, padding=r -> 2 * r - 1, stride=1, padding=r - 1", "one|short|r|window|less"),
    ],
    "10.2": [
        ("I - a * W -> a * W - I", "sign|other way"),
        ("(I - a * W) / (1 - a).clamp(min=1e-12) -> (I - a * W) * (1 - a)", "divid|multipl"),
        ("a * W -> a.square() * W", "square|a"),
    ],
    "10.4": [
        (".square().sum((1, 4, 5)) -> .square().amax((1, 4, 5))", "largest|sum|max"),
        ("differences.argmin() -> differences.flip(0).argmin()", "backwards|row|flip|reverse"),
        (".square().sum((1, 4, 5))[0] -> .square().sum((1, 4, 5))[0].sqrt().round()", "x"),
    ],
    "10.5": [
        ("near + weight * (I_p - near) -> near - weight * (I_p - near)", "sign"),
        ("d / r -> d / (2 * r)", "2|half|factor|slope"),
        (".clamp(max=1) -> .clamp(max=0.5)", "1|0.5|half"),
    ],
    "10.6": [
        ("return fill(I.flip(3), M.flip(3)).flip(3) -> return fill(I.flip(3), M.flip(3)).flip(2)", "axis|2|3|back"),
        ("return fill(I.flip(3), M.flip(3)).flip(3) -> return I.flip(3)", "fill|filled|never"),
        (
            "return fill(I.flip(3), M.flip(3)).flip(3) -> return fill(I.roll(1, 3), M.roll(1, 3)).roll(-1, 3)",
            "mirror|shift|flip",
        ),
    ],
    "10.7": [
        ("/ 4 -> / 3", "4|3"),
        ("(I - mean) -> (mean - I.mean())", "pixel|subtract|I|mean"),
        ("k, stride=1, padding=k // 2 -> 3, stride=1, padding=1", "k"),
    ],
}
"""Words `x`: a right answer in other words; it must pass."""
