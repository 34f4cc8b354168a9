"""Which of a bundle's models gives the code that intervals are compared in."""

from __future__ import annotations

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import BundleError, SpecError
from aemodels.latent.embed import Encoder, encoder_of

COMPONENTS = "principal_components"


def choose_encoder(bundle: Bundle, name: str | None = None) -> tuple[str, Encoder]:
    """The model whose code is used, and its name.

    The default denoiser if it has a code, else another contender that came with the bundle (the one its detector
    reconstructs with), else the principal components that every bundle for logs carries.

    Args:
        bundle: loaded.
        name: a contender of the bundle, or "principal_components"; None = as above.

    Raises:
        SpecError: if the bundle has no model of that name, or it has no code.
        BundleError: if nothing in the bundle has a code.
    """
    names = [bundle.spec.default, *sorted(set(bundle.contenders) - {bundle.spec.default})]
    models = {contender: bundle.contenders[contender] for contender in names}
    if bundle.encoder is not None:
        models[COMPONENTS] = bundle.encoder
    if name is not None and name not in models:
        raise SpecError(f"code is {name!r}; {bundle.name} carries {', '.join(models)}; name one of them")
    for candidate in [name] if name is not None else list(models):
        model = encoder_of(models[candidate])
        if model is not None:
            return candidate, model
    if name is not None:
        raise SpecError(f"{name} has no code; leave the name out, or take one of {', '.join(set(models) - {name})}")
    raise BundleError(f"{bundle.name} carries nothing with a code ({', '.join(models)}); train it again")
