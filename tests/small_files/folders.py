"""Folders of files, packed or not, their hashes, and texts as codes."""

import gzip
import hashlib


def sha(content):
    return hashlib.sha256(content).hexdigest()


def write(folder, contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def packed(contents):
    return {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in contents.items()}


def decode(codes, alphabet):
    return "".join(alphabet[code] for code in codes)
