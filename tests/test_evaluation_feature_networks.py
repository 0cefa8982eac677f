"""Feature networks: what is missing is said in a line, nothing is fetched unasked, and the real code path runs."""

import contextlib
import os
import pickle
import urllib.error
import zipfile

import pytest
import torch
from examples import Trap

from rwlib.conventions import InputError
from rwlib.evaluation import feature_networks
from rwlib.evaluation.feature_networks import (
    ALEXNET_FILE,
    INCEPTION_FILE,
    SetFeatures,
    alexnet_lpips,
    inception_features,
    open_feature_networks,
)


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """No weights on this machine, and no network: a download that is tried anyway fails."""
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))

    def fail(*args, **kwargs):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fail)
    try:
        monkeypatch.setattr("torch_fidelity.feature_extractor_inceptionv3.load_state_dict_from_url", fail)
    except ImportError:
        pass
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


def images(n=3, size_px=64):
    return torch.rand(n, 3, size_px, size_px, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_without_weights_the_bundled_vgg_takes_fids_place_under_its_own_name(empty_cache):
    networks = open_feature_networks("auto", size_px=64)
    assert networks.lpips is None and (networks.features.frechet, networks.features.width) == ("vgg_frechet", 256)
    assert networks.features.kernel == ""
    assert networks.features.extract(images()).shape == (3, 256)
    fid, lpips, u_ids = networks.notes
    assert fid.startswith("FID needs ") and "vgg_frechet" in fid and "--features download" in fid
    assert lpips.startswith("LPIPS is left out: AlexNet's weights are not in torch's cache")
    assert u_ids == "U-IDS is left out: it is measured on Inception's features, which FID needs, too"


def test_small_pictures_have_no_lpips(empty_cache):
    (empty_cache / ALEXNET_FILE).touch()
    assert "needs a side of 64 pixels, got 48" in open_feature_networks("auto", size_px=48).notes[1]


def test_none_and_vgg_alone(empty_cache):
    assert open_feature_networks("none").features is None
    networks = open_feature_networks("vgg")
    assert networks.features.frechet == "vgg_frechet" and networks.lpips is None and networks.notes == ()


def test_refused(empty_cache):
    with pytest.raises(InputError, match="features: expected one of auto, download, vgg, none; got 'inception'"):
        open_feature_networks("inception")
    with pytest.raises(InputError, match="LPIPS needs AlexNet's weights, which could not be downloaded .URLError"):
        alexnet_lpips()
    (empty_cache / ALEXNET_FILE).write_bytes(b"torn")
    with pytest.raises(InputError, match="which in torch's cache cannot be read, delete them there"):
        alexnet_lpips()


def test_fid_that_cannot_be_had_is_refused_when_asked_for(empty_cache):
    pytest.importorskip("torch_fidelity")
    with pytest.raises(InputError, match="FID needs Inception's weights, which could not be .*--features vgg"):
        open_feature_networks("download", size_px=64)


def test_fid_without_its_package_says_what_to_install(empty_cache, monkeypatch):
    monkeypatch.setattr("torchmetrics.image.fid._TORCH_FIDELITY_AVAILABLE", False)
    with pytest.raises(InputError, match=r"install it with `pip install rwlib\[fid\]`"):
        inception_features()


@pytest.mark.slow
def test_inceptions_code_path_with_random_weights(empty_cache, monkeypatch):
    """The true network and resizing; only its weights, 91 MB that no test may fetch, are random."""
    fidelity = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
    (empty_cache / INCEPTION_FILE).touch()  # `auto` takes it for there
    monkeypatch.setattr(fidelity, "load_state_dict_from_url", lambda *args, **kwargs: {})
    monkeypatch.setattr(fidelity.FeatureExtractorInceptionV3, "load_state_dict", lambda self, weights: None)
    torch.manual_seed(0)
    networks = open_feature_networks("auto", size_px=64)
    assert (networks.features.frechet, networks.features.kernel, networks.features.width) == ("fid", "kid", 2048)
    assert not any("FID" in note for note in networks.notes)
    assert networks.features.classified and networks.notes[-1].startswith("U-IDS and P-IDS depend on the number")
    whole = networks.features.extract(images())
    assert whole.shape == (3, 2048) and whole.dtype == torch.float32 and whole.std() > 0
    each = torch.cat([networks.features.extract(one[None]) for one in images()])
    torch.testing.assert_close(whole, each, rtol=1e-4, atol=1e-5)


def test_lpips_code_path_with_a_random_backbone(empty_cache, monkeypatch):
    """The linear layers are the true ones, which come with torchmetrics."""
    import torchvision

    torch.manual_seed(0)
    weights = torchvision.models.alexnet(weights=None).state_dict()
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", lambda *args, **kwargs: weights)
    (empty_cache / ALEXNET_FILE).touch()
    lpips = open_feature_networks("auto", size_px=64).lpips
    x, y = images(), images().flip(0)
    assert lpips(x, x).tolist() == [0, 0, 0]
    whole = lpips(x, y)
    assert whole.shape == (3,) and whole[0] > 0
    torch.testing.assert_close(whole, torch.cat([lpips(a[None], b[None]) for a, b in zip(x, y, strict=True)]))


def inception_like(classified=True):
    return SetFeatures("fid", "kid", 2048, None, classified)


def test_u_ids_says_how_many_pictures_it_needs(empty_cache, monkeypatch):
    (empty_cache / INCEPTION_FILE).touch()
    monkeypatch.setattr(feature_networks, "inception_features", lambda device: inception_like())
    few = open_feature_networks("auto", photos=2048).notes[-1]
    assert few.startswith("U-IDS is left out: it needs 2049 photographs or more, got 2048; with no more than ")
    for photos in (2049, None):
        assert open_feature_networks("auto", photos=photos).notes[-1].startswith("U-IDS and P-IDS depend on the number")
    monkeypatch.setattr(feature_networks, "inception_features", lambda device: inception_like(classified=False))
    for photos in (3, 3000):
        assert (
            open_feature_networks("auto", photos=photos)
            .notes[-1]
            .endswith("it needs scikit-learn, `pip install rwlib[fid]`")
        )


# --- files in torch's cache are not trusted


FORCE, FORCE_NO = "TORCH_FORCE_WEIGHTS_ONLY_LOAD", "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache that torch itself reads, and no network."""

    def fail(*args, **kwargs):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", fail)
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


class Module(torch.nn.Module):
    def forward(self, x):
        return x


def write_trap(kind, trace, file):
    weights = {"conv1.weight": torch.zeros(2), "trap": Trap(trace)}
    if kind == "pickle":
        file.write_bytes(pickle.dumps(weights))
    elif kind == "zip of a pickle":  # torch.hub unpacks these, into the cache
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("weights.pth", pickle.dumps(weights))
    elif kind == "a program":
        torch.jit.script(Module()).save(str(file))
    else:
        torch.save(weights, file, _use_new_zipfile_serialization=kind == "torch")


INCEPTION, ALEXNET = (INCEPTION_FILE, inception_features), (ALEXNET_FILE, alexnet_lpips)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("name", "network", "kind"),
    [(*INCEPTION, kind) for kind in ("torch", "old torch", "pickle", "zip of a pickle", "a program")]
    + [(*ALEXNET, "torch"), (*ALEXNET, "zip of a pickle")],
)
def test_code_in_torchs_cache_does_not_run(cache, tmp_path, monkeypatch, name, network, kind):
    if network is inception_features:
        pytest.importorskip("torch_fidelity")
    write_trap(kind, tmp_path / "it_ran", cache / name)
    monkeypatch.delenv(FORCE, raising=False)
    monkeypatch.setenv(FORCE_NO, "1")  # whoever set this meant other files
    with pytest.raises(InputError, match="which in torch's cache cannot be read, delete them there") as caught:
        network()
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "it_ran").exists(), "code from the file has run"
    assert FORCE not in os.environ and os.environ[FORCE_NO] == "1"


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("name", "network", "kind"), [(*INCEPTION, "old torch"), (*ALEXNET, "torch")])
def test_without_the_guard_it_would_run(cache, tmp_path, monkeypatch, name, network, kind):
    if network is inception_features:
        pytest.importorskip("torch_fidelity")
    write_trap(kind, tmp_path / "it_ran", cache / name)
    monkeypatch.setattr(feature_networks, "_weights_only", contextlib.nullcontext)
    for variable in (FORCE, FORCE_NO):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(InputError):
        network()
    assert (tmp_path / "it_ran").exists()


@pytest.mark.parametrize("before", [{}, {FORCE: "0"}, {FORCE: "1"}, {FORCE_NO: "1"}])
def test_the_environment_is_put_back(tmp_path, monkeypatch, before):
    for variable in (FORCE, FORCE_NO):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in before.items():
        monkeypatch.setenv(variable, value)
    everything = dict(os.environ)
    write_trap("torch", tmp_path / "it_ran", tmp_path / "file")
    with pytest.raises(pickle.UnpicklingError), feature_networks._weights_only():
        torch.load(tmp_path / "file", weights_only=False)
    assert not (tmp_path / "it_ran").exists() and dict(os.environ) == everything


@pytest.mark.slow
def test_true_state_dicts_are_read(cache, tmp_path, monkeypatch):
    """Random weights in files like the true ones, read by all the code that reads those."""
    import torchvision

    fidelity = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
    torch.manual_seed(0)
    alexnet = torchvision.models.alexnet(weights=None).state_dict()
    for key, value in alexnet.items():
        if key.startswith("classifier"):  # LPIPS does not use it: 230 MB that need not be on the disk
            alexnet[key] = torch.zeros(1).expand(value.shape)
    torch.save(alexnet, cache / ALEXNET_FILE)
    with monkeypatch.context() as patch:
        patch.setattr(fidelity, "load_state_dict_from_url", lambda *args, **kwargs: {})
        patch.setattr(fidelity.FeatureExtractorInceptionV3, "load_state_dict", lambda self, weights: None)
        given = fidelity.FeatureExtractorInceptionV3("x", ["2048"]).state_dict()
    torch.save(given, cache / INCEPTION_FILE, _use_new_zipfile_serialization=False)
    torch.manual_seed(1)
    monkeypatch.setenv(FORCE_NO, "1")  # beside the other variable torch would refuse everything
    networks = open_feature_networks("auto", size_px=64, photos=3)
    assert (networks.features.frechet, len(networks.notes)) == ("fid", 1)
    closure = [cell.cell_contents for cell in networks.features.extract.__closure__]
    read = next(part for part in closure if isinstance(part, torch.nn.Module)).state_dict()
    assert given.keys() <= read.keys() and all(torch.equal(given[key], read[key]) for key in given)
    x, y = images(2), images(2).flip(0)
    assert networks.lpips(x, x).tolist() == [0, 0] and networks.lpips(x, y).min() > 0
