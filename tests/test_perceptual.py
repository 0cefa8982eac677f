"""Networks that judge: what is missing is said in a line, nothing is fetched unasked, and the real code path runs."""

import urllib.error

import pytest
import torch

from rwlib.conventions import InputError
from rwlib.perceptual import ALEXNET_FILE, INCEPTION_FILE, alexnet_lpips, inception_features, open_judges


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
    judges = open_judges("auto", size_px=64)
    assert judges.lpips is None and (judges.features.frechet, judges.features.width) == ("vgg_frechet", 256)
    assert judges.features.kernel == ""
    assert judges.features.extract(images()).shape == (3, 256)
    fid, lpips, u_ids = judges.notes
    assert fid.startswith("FID needs ") and "vgg_frechet" in fid and "--features download" in fid
    assert lpips.startswith("LPIPS is left out: AlexNet's weights are not in torch's cache")
    assert u_ids.startswith("U-IDS is left out")


def test_small_pictures_have_no_lpips(empty_cache):
    (empty_cache / ALEXNET_FILE).touch()
    assert "needs a side of 64 pixels, got 48" in open_judges("auto", size_px=48).notes[1]


def test_none_and_vgg_alone(empty_cache):
    assert open_judges("none").features is None
    judges = open_judges("vgg")
    assert judges.features.frechet == "vgg_frechet" and judges.lpips is None and judges.notes == []


def test_refused(empty_cache):
    with pytest.raises(InputError, match="features: expected one of auto, download, vgg, none; got 'inception'"):
        open_judges("inception")
    with pytest.raises(InputError, match="LPIPS needs AlexNet's weights, which could not be downloaded .URLError"):
        alexnet_lpips()
    (empty_cache / ALEXNET_FILE).write_bytes(b"torn")
    with pytest.raises(InputError, match="which in torch's cache cannot be read, delete them there"):
        alexnet_lpips()


def test_fid_that_cannot_be_had_is_refused_when_asked_for(empty_cache):
    pytest.importorskip("torch_fidelity")
    with pytest.raises(InputError, match="FID needs Inception's weights, which could not be .*--features vgg"):
        open_judges("download", size_px=64)


def test_fid_without_its_package_says_what_to_install(empty_cache, monkeypatch):
    monkeypatch.setattr("torchmetrics.image.fid._TORCH_FIDELITY_AVAILABLE", False)
    with pytest.raises(InputError, match=r"install it with `pip install rwlib\[fid\]`"):
        inception_features()


def test_inceptions_code_path_with_random_weights(empty_cache, monkeypatch):
    """The true network and resizing; only its weights, 91 MB that no test may fetch, are random."""
    fidelity = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
    (empty_cache / INCEPTION_FILE).touch()  # `auto` takes it for there
    monkeypatch.setattr(fidelity, "load_state_dict_from_url", lambda *args, **kwargs: {})
    monkeypatch.setattr(fidelity.FeatureExtractorInceptionV3, "load_state_dict", lambda self, weights: None)
    torch.manual_seed(0)
    judges = open_judges("auto", size_px=64)
    assert (judges.features.frechet, judges.features.kernel, judges.features.width) == ("fid", "kid", 2048)
    assert not any("FID" in note for note in judges.notes)
    whole = judges.features.extract(images())
    assert whole.shape == (3, 2048) and whole.dtype == torch.float32 and whole.std() > 0
    each = torch.cat([judges.features.extract(one[None]) for one in images()])
    torch.testing.assert_close(whole, each, rtol=1e-4, atol=1e-5)


def test_lpips_code_path_with_a_random_backbone(empty_cache, monkeypatch):
    """The linear layers are the true ones, which come with torchmetrics."""
    import torchvision

    torch.manual_seed(0)
    weights = torchvision.models.alexnet(weights=None).state_dict()
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", lambda *args, **kwargs: weights)
    (empty_cache / ALEXNET_FILE).touch()
    lpips = open_judges("auto", size_px=64).lpips
    x, y = images(), images().flip(0)
    assert lpips(x, x).tolist() == [0, 0, 0]
    whole = lpips(x, y)
    assert whole.shape == (3,) and whole[0] > 0
    torch.testing.assert_close(whole, torch.cat([lpips(a[None], b[None]) for a, b in zip(x, y, strict=True)]))
