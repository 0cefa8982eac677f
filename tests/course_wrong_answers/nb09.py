"""Notebook 09: the ablation studio."""

WRONG = {
    "9.1": [
        ("bc", "loss|which network|at the networks"),
        ("ed", "order"),
        ("ef", "f"),
        ("df", "f|e"),
        ("bf", "e|f|b|d"),
        ("d", "two|2 results"),
        ("e", "two|2 results"),
        ("cd", "c|e"),
        ("be", "b|d"),
        ("bcdef", "two|2 results"),
    ],
    "9.2": [
        ("!= -> ==", "differ|same|equal"),
        (
            "return sorted(field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)) -> return [field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)]",
            "order|alphabet|sort",
        ),
        (
            "return sorted(field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)) -> return {field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)}",
            "list|order|sorted",
        ),
        (
            "return sorted(field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)) -> return sorted(getattr(a, field.name) for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name))",
            "name|value",
        ),
        (
            "sorted(field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)) -> len([f for f in fields(Config) if getattr(a, f.name) != getattr(b, f.name)])",
            "list|name",
        ),
        (
            "sorted(field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)) -> sorted(field for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name))",
            "name|Field",
        ),
        (
            "sorted(field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)) -> sorted(field.name for field in fields(Config) if getattr(a, field.name) is not getattr(b, field.name))",
            "is not|!=|identity|same object|equal",
        ),
        ("!= getattr(b, field.name)) -> != getattr(Config(), field.name))", "default|b"),
        (
            "return sorted(field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)) -> return sorted((field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)), reverse=True)",
            "order|alphabet|reverse",
        ),
        (
            "return sorted(field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)) -> return sorted(field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name))[:1]",
            "all|every|first|entries",
        ),
    ],
    "9.3": [
        ("math.comb(i, k - 1) -> math.comb(i, k)", "k − 1|k - 1|largest"),
        (
            "return sum(math.comb(i, k - 1) * float(x[i]) for i in range(n)) / math.comb(n, k) -> return float(x[-1])",
            "largest|all|choices|average",
        ),
        (
            "return sum(math.comb(i, k - 1) * float(x[i]) for i in range(n)) / math.comb(n, k) -> return float(x.mean())",
            "mean|average|largest|k",
        ),
        ("values.sort().values -> values", "sort|order"),
        ("values.sort().values -> values.sort(descending=True).values", "smallest|order|descending|largest"),
        (
            "return sum(math.comb(i, k - 1) * float(x[i]) for i in range(n)) / math.comb(n, k) -> return float(x[-k:].mean())",
            "k largest|top|choices|best k",
        ),
        (" / math.comb(n, k) -> / n**k", "replacement|C\\(n, k\\)|choices|divide"),
        (" / math.comb(n, k) -> ", "divide|C\\(n, k\\)|choices|number"),
        (
            "return sum(math.comb(i, k - 1) * float(x[i]) for i in range(n)) / math.comb(n, k) -> return float(torch.stack([values[torch.randperm(n)[:k]].max() for _ in range(200)]).mean())",
            "random|estimate|exact|sampl|draw",
        ),
        (
            "return sum(math.comb(i, k - 1) * float(x[i]) for i in range(n)) / math.comb(n, k) -> return sum(((i + 1) ** k - i**k) * float(x[i]) for i in range(n)) / n**k",
            "replacement|twice|same picture|put back",
        ),
    ],
    "9.4": [
        ("(a - b).std() -> a.std()", "difference|a alone|a − b"),
        ("math.ceil -> math.floor", "round up|ceil|up"),
        ("(1.96 * s / half_width) ** 2 -> 1.96 * s / half_width", "square"),
        ("1.96 * -> ", "1.96|68"),
        ("half_width) ** 2 -> half_width**2)", "square|s"),
        ("return math.ceil((1.96 * s / half_width) ** 2) -> return (1.96 * s / half_width) ** 2", "whole|round|ceil"),
        ("(a - b).std() -> (a.var() + b.var()).sqrt()", "paired|difference|same|a − b"),
        ("1.96 * s / half_width -> 2 * 1.96 * s / half_width", "half|4 times|twice|whole width"),
        ("(a - b).std() -> (a - b).var()", "variance|root|standard deviation"),
        ("(1.96 * s / half_width) ** 2 -> (half_width / (1.96 * s)) ** 2", "upside|reciprocal|inverse|divided|turned"),
    ],
    "9.5": [
        ("values.mean(1) -> values.flatten()", "training|heap"),
        ("values.mean(1) -> values.mean(0)", "photograph"),
        ("values.mean(1) -> values[0]", "one training"),
        ("values.mean(1) -> values[:, 0]", "one photograph|first photograph|photograph"),
        (
            "return mean_and_interval(values.mean(1)) -> return float(values.mean()), float(1.96 * values.mean(1).std() / len(values) ** 0.5)",
            "t|Student|1.96",
        ),
        ("return mean_and_interval(values.mean(1)) -> return mean_and_interval(values.mean(1))[1]", "two|2 results"),
        (
            "return mean_and_interval(values.mean(1)) -> return float(values.mean()), float(values.mean(1).std())",
            "half-width|√n|root|spread|t",
        ),
        (
            "return mean_and_interval(values.mean(1)) -> return mean_and_interval(values.mean(1))[::-1]",
            "order|exchanged|first",
        ),
        ("values.mean(1) -> values.max(1).values", "best|largest|mean|max"),
        ("values.mean(1) -> values.std(1)", "spread|std|mean"),
    ],
    "9.6": [
        (
            "math.sqrt(var_training / trainings + var_photo / photos + var_rest / (trainings * photos)) -> var_training / trainings + var_photo / photos + var_rest / (trainings * photos)",
            "root|variance",
        ),
        ("var_training / trainings -> var_training / photos", "exchanged|training"),
        (" + var_rest / (trainings * photos) -> ", "rest"),
        (
            "var_rest / (trainings * photos) -> var_rest / (trainings + photos)",
            "rest|product|trainings × photographs|multipl",
        ),
        ("var_rest / (trainings * photos) -> var_rest", "rest"),
        (
            "var_training / trainings + var_photo / photos + var_rest / (trainings * photos) -> (var_training + var_photo + var_rest) / (trainings * photos)",
            "luck|each value|own|divided by",
        ),
        ("var_training / trainings -> var_training", "training"),
        ("var_training / trainings -> var_training / (trainings - 1)", "n − 1|n - 1|training|minus one"),
        (
            "math.sqrt(var_training / trainings + var_photo / photos + var_rest / (trainings * photos)) -> math.sqrt(var_training / trainings) + math.sqrt(var_photo / photos) + math.sqrt(var_rest / (trainings * photos))",
            "add up|variances",
        ),
        (
            "math.sqrt(var_training / trainings + var_photo / photos + var_rest / (trainings * photos)) -> math.sqrt(var_training + var_photo + var_rest)",
            "divide|mean|average",
        ),
    ],
    "9.7": [
        ("0.05 / (len(p) - step) -> 0.05", "5 %|0.05|itself|each"),
        ("0.05 / (len(p) - step) -> 0.05 / len(p)", "Bonferroni"),
        ("            break\n -> \n            continue\n", "stop"),
        ("rejected[i] = True -> rejected[step] = True", "order"),
        ("p.argsort() -> p.argsort(descending=True)", "smallest|largest|order|begin"),
        ("0.05 / (len(p) - step) -> 0.05 * (step + 1) / len(p)", "Benjamini|Hochberg|false discovery|step"),
        ("return rejected -> return ~rejected", "inverted|reject"),
        ("return rejected -> return rejected.nonzero().flatten()", "bool|shape|True"),
        ("len(p) - step -> len(p) - step + 1", "one|n − 1|len|first"),
        ("return rejected -> return p * len(p) < 0.05", "Bonferroni"),
    ],
}
