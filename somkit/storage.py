"""Records, a document and arrays, to and from one file; knows nothing of maps.

A file is an uncompressed zip of ``document.json`` and ``.npy`` members. The document holds a SHA-256 of each array and
the archive's comment one of the document. Nothing is unpickled, and no size that a file claims is believed unchecked.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import tempfile
import zipfile
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, final

import attrs
import numpy as np

from somkit.errors import MapFileError, OutputError

Array = np.ndarray[Any, Any]

FORMAT = "somkit"
VERSION = 1
DOCUMENT = "document.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # members carry no time of day: the same map gives the same file


@final
@attrs.frozen(eq=False)
class Record:
    """What a file holds: values that JSON knows, and arrays of numbers by name."""

    document: dict[str, Any]
    arrays: Mapping[str, Array]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _npy(array: Array) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def write_record(path: str | Path, record: Record) -> None:
    """Write a record under a temporary name, flush it to the disk, and put it in place in one step.

    Raises
    ------
    OutputError
        If the folder is missing or cannot be written to.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        message = f"{path} cannot be written: it is a folder or a device, not a file; give another name."
        raise OutputError(message)
    members = {f"{name}.npy": _npy(array) for name, array in record.arrays.items()}
    document = {
        "format": FORMAT,
        "version": VERSION,
        **record.document,
        "sha256": {name: _digest(data) for name, data in members.items()},
    }
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False).encode()
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                    archive.comment = f"sha256 {_digest(text)}".encode()
                    for name, data in {DOCUMENT: text, **members}.items():
                        archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
                file.flush()
                os.fsync(file.fileno())
            mask = os.umask(0)
            os.umask(mask)
            Path(temporary).chmod(0o666 & ~mask)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}."
        raise OutputError(message) from error


def read_record(path: str | Path) -> Record:
    """Read what `write_record` wrote, checking every checksum and every size first.

    Raises
    ------
    MapFileError
        If the file is missing, not a map file, damaged, or of a later version.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_archive(path, archive)
    except FileNotFoundError:
        message = f"{path} does not exist."
        raise MapFileError(message) from None
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise MapFileError(message) from error
    except zipfile.BadZipFile as error:
        message = f"{path} is not a somkit map file, or it is damaged: {error}."
        raise MapFileError(message) from error
    except (KeyError, TypeError, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, MapFileError):
            raise
        message = f"{path} is not a somkit map file, or it is damaged: {error}."
        raise MapFileError(message) from error


def _read_archive(path: Path, archive: zipfile.ZipFile) -> Record:
    for member in archive.infolist():
        if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
            message = f"{path} is not a somkit map file: its member {member.filename!r} is compressed."
            raise MapFileError(message)
    if sum(member.file_size for member in archive.infolist()) > path.stat().st_size:
        message = f"{path} is not a somkit map file: its members claim to be larger than the file."
        raise MapFileError(message)
    if DOCUMENT not in archive.namelist():
        message = f"{path} is not a somkit map file: it holds no {DOCUMENT}."
        raise MapFileError(message)
    text = archive.read(DOCUMENT)
    if archive.comment != f"sha256 {_digest(text)}".encode():
        message = f"{path} is damaged: the checksum of {DOCUMENT} is not what it was."
        raise MapFileError(message)
    document = json.loads(text)
    if document.get("format") != FORMAT or not isinstance(document.get("version"), int):
        message = f"{path} is not a somkit map file."
        raise MapFileError(message)
    if document["version"] > VERSION:
        message = f"{path} has format version {document['version']}; this somkit reads up to {VERSION}: upgrade somkit."
        raise MapFileError(message)
    arrays = {}
    for name, digest in document.pop("sha256").items():
        data = archive.read(name)
        if _digest(data) != digest:
            message = f"{path} is damaged: the checksum of {name} is not what it was."
            raise MapFileError(message)
        arrays[name.removesuffix(".npy")] = _read_npy(path, name, data)
    return Record(document, arrays)


def _read_npy(path: Path, name: str, data: bytes) -> Array:
    """Read an array of plain numbers whose header promises no more than there is."""
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        message = f"{path} is not a somkit map file: {name} is of an unknown npy version."
        raise MapFileError(message)
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.kind not in "biuf" or math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
        message = f"{path} is not a somkit map file: {name} does not hold the numbers that it claims."
        raise MapFileError(message)
    array = np.frombuffer(data, dtype=dtype, offset=stream.tell())
    return array.reshape(shape, order="F" if fortran else "C")


def encode_label(label: Hashable) -> tuple[Any, bool]:
    """Return a label as JSON can hold it, and whether it will come back as it was.

    str, int, finite float, bool, None and tuples of these come back; anything else is kept as its repr.
    """
    if isinstance(label, np.generic):
        label = label.item()
    if isinstance(label, tuple):
        encoded = [encode_label(item) for item in label]
        if type(label) is tuple:
            return [item for item, _ in encoded], all(kept for _, kept in encoded)
    elif type(label) in {str, int, bool, type(None)} or (type(label) is float and math.isfinite(label)):
        return label, True
    return repr(label), False


def encode_values(value: Any) -> Any:
    """Return nested dicts and lists with every leaf as JSON can hold it, by `encode_label`."""
    if isinstance(value, Mapping):
        return {key: encode_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode_values(item) for item in value]
    return encode_label(value)[0]


def decode_label(value: Any) -> Hashable:
    """Return the label that `encode_label` encoded: lists become tuples again."""
    return tuple(decode_label(item) for item in value) if isinstance(value, list) else value
