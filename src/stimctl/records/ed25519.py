"""Signatures (Ed25519), and a private key kept under a PIN: the one door to `cryptography`.

Loaded when something is signed or checked, never before: 20 ms that no start has to wait for.
"""

from __future__ import annotations

import os
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

PRIVATE_BYTES: Final = 32
# [POLICY] 32 MiB and some 60 ms for each guess; a PIN is short, so a guess has to cost something.
_SCRYPT_N: Final = 1 << 15
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12


def new_private() -> bytes:
    """A new private key, 32 bytes from the system's source of chance."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public_of(private: bytes) -> bytes:
    """The public half, 32 bytes."""
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def sign(private: bytes, message: bytes) -> bytes:
    """The signature, 64 bytes; the same for the same key and message."""
    return Ed25519PrivateKey.from_private_bytes(private).sign(message)


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` was made over exactly `message` by who holds the private half."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def lock(private: bytes, pin: str) -> bytes:
    """The private key under a PIN: salt, nonce, ciphertext."""
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    return salt + nonce + ChaCha20Poly1305(_stretched(pin, salt)).encrypt(nonce, private, None)


def unlock(locked: bytes, pin: str) -> bytes | None:
    """The private key again; None where the PIN is another one."""
    salt, rest = locked[:_SALT_BYTES], locked[_SALT_BYTES:]
    nonce, sealed = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
    try:
        return ChaCha20Poly1305(_stretched(pin, salt)).decrypt(nonce, sealed, None)
    except (InvalidTag, ValueError):
        return None


def _stretched(pin: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_SCRYPT_N, r=8, p=1).derive(pin.encode("utf-8"))
