"""Choice of the encoder whose embeddings intervals are compared by."""

from __future__ import annotations

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import BundleError, SpecError
from aemodels.latent.embed import Encoder, encoder_of

COMPONENTS = "principal_components"


def choose_encoder(bundle: Bundle, name: str | None = None) -> tuple[str, Encoder]:
    """Return the name of the model that embeds windows, and its encoder.

    The default denoiser if it has an encoder, else another contender saved in the bundle (the one that its detector
    reconstructs with), else the principal components that every bundle for logs contains.

    Args:
        bundle: loaded.
        name: a contender of the bundle, or "principal_components"; None = as above.

    Raises:
        SpecError: if the bundle has no model of that name, or the model has no encoder.
        BundleError: if nothing in the bundle has an encoder.
    """
    names = [bundle.spec.default, *sorted(set(bundle.contenders) - {bundle.spec.default})]
    models = {contender: bundle.contenders[contender] for contender in names}
    if bundle.encoder is not None:
        models[COMPONENTS] = bundle.encoder
    if name is not None and name not in models:
        raise SpecError(f"encoder is {name!r}; {bundle.name} contains {', '.join(models)}; name one of them")
    for candidate in [name] if name is not None else list(models):
        model = encoder_of(models[candidate])
        if model is not None:
            return candidate, model
    if name is not None:
        raise SpecError(f"{name} has no encoder; omit the name, or use one of {', '.join(set(models) - {name})}")
    raise BundleError(f"{bundle.name} contains no model with an encoder ({', '.join(models)}); train it again")
