"""The bundle's manifest: what a device must know about a model, and nothing that has to be unpickled.

The models here *are* the schema; `python -m export schema` prints them as JSON Schema. Unknown fields are refused, so
that a manifest either means the same to everybody who reads it or is not read at all.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

SCHEMA_VERSION = 1
"""The schema this release writes, and the newest that it reads."""

Task = Literal["hand-sequence", "holistic-sequence", "image"]
Target = Literal["pi", "jetson", "cpu"]
Precision = Literal["fp32", "fp16", "int8"]
Role = Literal["classifier", "palm", "hand", "face-detector", "face", "sentence-encoder", "sentence-decoder"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Version = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.-]+)?$", max_length=64)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$")]
"""Files lie flat in a bundle: no separators, so no path can leave it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FileEntry(_Part):
    """A file of the bundle."""

    file: FileName
    sha256: Sha256
    size: Annotated[int, Field(ge=0)]


class Parity(_Part):
    """How one variant compares with PyTorch (or, for converted networks, with their original) on ``n`` inputs."""

    max_abs_diff: Annotated[float, Field(ge=0)]
    label_agreement: Annotated[float, Field(ge=0, le=1)] | None = None
    n: Annotated[int, Field(ge=1)]
    against: str


class Network(FileEntry):
    """One network: a role in one precision."""

    role: Role
    variant: Precision
    opset: int
    ir_version: int
    quantization: str = ""
    parity: Parity | None = None


class Tensor(_Part):
    """One input of the classifier: a name per axis says what it means; a free axis has size ``None``."""

    name: str
    dtype: Literal["float32", "uint8"]
    shape: tuple[int | None, ...]
    axes: tuple[str, ...]

    @model_validator(mode="after")
    def _one_name_per_axis(self) -> Tensor:
        if len(self.shape) != len(self.axes):
            raise ValueError(f"{self.name}: {len(self.shape)} axes but {len(self.axes)} axis names")
        return self


class Window(_Part):
    """A window is a stretch of time: ``frames`` frames at ``rate`` per second, resampled by capture timestamp."""

    frames: Annotated[int, Field(ge=1, le=1024)]
    rate: Annotated[float, Field(gt=0, le=240)]


class InputContract(_Part):
    """What the classifier is fed.

    ``handedness`` *signer*: hand 0 is the signer's left. ``mirrored``: whether pictures are flipped before. ``aspect``:
    width / height of the pictures that normalised landmark coordinates refer to; the device converts to it.
    ``image_size``: (height, width) that pictures are resized to, for image models.
    """

    tensors: tuple[Tensor, ...]
    handedness: Literal["signer"] = "signer"
    mirrored: bool = False
    missing: Literal["zero", "nan"] = "zero"
    aspect: float | None = None
    window: Window | None = None
    image_size: tuple[int, int] | None = None
    preprocess: str = ""


class Label(_Part):
    """One class. ``kind``: a letter is a held shape, a word is a movement (or a held shape with a meaning of its
    own), a key acts on the text; ``moving`` says whether the sign is one."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    kind: Literal["letter", "word", "key"]
    moving: bool = False
    text: str | None = None
    """What is written, where it differs from the name (``thankyou`` -> ``thank you``)."""


class Measurement(_Part):
    """One figure with what it was measured on; ``low``/``high`` its 95 % interval."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    n: Annotated[int, Field(ge=1)]
    variant: Precision = "fp32"
    data: str
    split: str


class SentenceModel(_Part):
    """How the sentence networks are driven.

    ``tokenizer``: a SentencePiece file among the documents. ``start`` and ``end``: the tokens that a sentence begins
    after and ends with. ``{keywords}`` in ``prompt`` stands for the signs.
    """

    tokenizer: FileName
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=0)]
    prompt: Annotated[str, Field(pattern=r"\{keywords\}", max_length=2000)]


class Licence(_Part):
    """Licence and provenance of a part of the bundle."""

    subject: str
    spdx: str
    source: str


class Origin(_Part):
    """Where the weights came from."""

    model: str
    parameters: Annotated[int, Field(ge=0)]
    checkpoint: str = ""
    checkpoint_sha256: Sha256 | None = None
    git_commit: str = ""


class Manifest(_Part):
    """Everything a device, and the person who deploys it, must know about a bundle."""

    schema_version: Literal[1] = 1
    name: Name
    version: Version
    serial: Annotated[int, Field(ge=0)]
    created: str
    tools: dict[str, str]
    origin: Origin
    target: Target
    hardware: tuple[str, ...]
    task: Task
    input: InputContract
    labels: Annotated[tuple[Label, ...], Field(min_length=1, max_length=10_000)]
    output: Literal["logits", "probabilities"] = "logits"
    networks: Annotated[tuple[Network, ...], Field(min_length=1, max_length=64)]
    golden: FileEntry
    golden_from: str = ""
    """What the golden inputs show, where that is real people; empty: they are rendered."""
    documents: tuple[FileEntry, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    licences: tuple[Licence, ...] = ()
    sentence: SentenceModel | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Manifest:
        names = [label.name for label in self.labels]
        if len(set(names)) != len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(f"labels appear twice: {', '.join(twice)}")
        files = [entry.file for entry in self.files]
        if len(set(files)) != len(files) or "manifest.json" in files or "manifest.sig" in files:
            raise ValueError("two entries name the same file")
        roles = [(network.role, network.variant) for network in self.networks]
        if len(set(roles)) != len(roles):
            raise ValueError("a role has the same variant twice")
        if "classifier" not in {network.role for network in self.networks}:
            raise ValueError("there is no classifier")
        both = {"sentence-encoder", "sentence-decoder"}
        if (both if self.sentence else set()) != both & {network.role for network in self.networks}:
            raise ValueError("sentence, a sentence-encoder and a sentence-decoder come together or not at all")
        if self.sentence and self.sentence.tokenizer not in {document.file for document in self.documents}:
            raise ValueError("sentence.tokenizer is none of the documents")
        if self.task != "image" and self.input.window is None:
            raise ValueError(f"a {self.task} model needs input.window")
        if self.task == "image" and self.input.image_size is None:
            raise ValueError("an image model needs input.image_size")
        return self

    @property
    def files(self) -> tuple[FileEntry, ...]:
        """Every file of the bundle but the manifest and its signature."""
        return (*self.networks, self.golden, *self.documents)

    def network(self, role: Role, variant: Precision) -> Network | None:
        """The entry of a role in a precision, or None."""
        return next((n for n in self.networks if n.role == role and n.variant == variant), None)

    def variants(self, role: Role) -> tuple[Precision, ...]:
        """The precisions in which a role is present, in the manifest's order."""
        return tuple(n.variant for n in self.networks if n.role == role)
