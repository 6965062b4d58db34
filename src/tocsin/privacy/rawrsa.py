# SPDX-License-Identifier: Apache-2.0
"""The raw RSA private operation s = z^d mod n (RFC 8017 §5.2.1) in constant time, for an issuer that must not leak d.

Blind signing hands the operation numbers that the asker chose, so its time must not depend on them or on the key
(RFC 9474, "Timing Side Channels"). Two ways are taken, the first that this machine has:

1. OpenSSL's ``EVP_PKEY_decrypt`` without padding: constant-time arithmetic with base blinding, by CRT. It is asked
   through the library that Python itself is linked to; the one inside the wheel of `cryptography` shows no symbols.
2. ``gmpy2.powmod_sec`` with base blinding of our own, without CRT: seven times as slow.

Where neither is there, nothing is issued: ConfigError. Python's own ``pow`` never sees a private exponent.
Not here: whether the result is right, which a fault can spoil; `tocsin.privacy.blindrsa` checks each one.
"""

import ctypes
import weakref
from collections.abc import Callable
from contextlib import suppress
from ctypes import POINTER, c_char_p, c_int, c_long, c_size_t, c_void_p

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tocsin.errors import ConfigError
from tocsin.ids import Entropy

RawOperation = Callable[[bytes], bytes]
"""Takes and gives big-endian numbers below the modulus, each as long as the modulus."""
Backend = Callable[[RSAPrivateKey, Entropy], RawOperation]
"""Makes the operation for a key, or raises ConfigError where this machine cannot."""

_NO_PADDING = 3
"""OpenSSL's RSA_NO_PADDING."""
_LIBRARIES = ("libcrypto.so.4", "libcrypto.so.3", "libcrypto.3.dylib")
"""Where Python is not linked to one. OpenSSL 1.1 lacks one of the calls, and is passed over."""
_CALLS = {
    # Every pointer is declared: a result that ctypes takes for an int loses its upper half.
    "d2i_AutoPrivateKey": (c_void_p, [c_void_p, POINTER(c_char_p), c_long]),
    "EVP_PKEY_CTX_new": (c_void_p, [c_void_p, c_void_p]),
    "EVP_PKEY_decrypt_init": (c_int, [c_void_p]),
    "EVP_PKEY_CTX_set_rsa_padding": (c_int, [c_void_p, c_int]),
    "EVP_PKEY_decrypt": (c_int, [c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t]),
    "EVP_PKEY_CTX_free": (None, [c_void_p]),
    "EVP_PKEY_free": (None, [c_void_p]),
}


def private_operation(key: RSAPrivateKey, entropy: Entropy) -> RawOperation:
    """The operation under `key` by the first backend that this machine has; ConfigError when it has none."""
    return first_backend(key, entropy, (openssl, gmp))


def first_backend(key: RSAPrivateKey, entropy: Entropy, backends: tuple[Backend, ...]) -> RawOperation:
    """The same among these backends."""
    for backend in backends:
        with suppress(ConfigError):
            return backend(key, entropy)
    raise ConfigError(
        "This machine has no RSA in constant time: tokens cannot be issued safely.",
        next_step="Install OpenSSL 3 (libcrypto) or the package gmpy2, and start again.",
    )


def openssl(key: RSAPrivateKey, _entropy: Entropy) -> RawOperation:
    """By OpenSSL 3 or later; ConfigError where its library is not found or does not take the key."""
    library = _library()
    der = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    pkey = library.d2i_AutoPrivateKey(None, ctypes.byref(c_char_p(der)), len(der))
    if not pkey:
        raise ConfigError("OpenSSL does not take this RSA key.")
    return _OpenSsl(library, pkey, key.key_size // 8)


class _OpenSsl:
    """One key inside OpenSSL. Threads may share it: each operation has its own context."""

    def __init__(self, library: ctypes.CDLL, pkey: int, size: int) -> None:
        self._library, self._pkey, self._size = library, pkey, size
        weakref.finalize(self, library.EVP_PKEY_free, pkey)

    def __call__(self, value: bytes) -> bytes:
        assert len(value) == self._size, "as long as the modulus"
        library = self._library
        out = ctypes.create_string_buffer(self._size)
        written = c_size_t(self._size)
        context = library.EVP_PKEY_CTX_new(self._pkey, None)
        try:
            done = (
                context
                and library.EVP_PKEY_decrypt_init(context) == 1
                and library.EVP_PKEY_CTX_set_rsa_padding(context, _NO_PADDING) == 1
                and library.EVP_PKEY_decrypt(context, out, ctypes.byref(written), value, len(value)) == 1
            )
        finally:
            library.EVP_PKEY_CTX_free(context)
        if not done or written.value != self._size:
            raise ConfigError("OpenSSL refused the private operation.")
        return out.raw


def _library() -> ctypes.CDLL:
    """The libcrypto that Python is linked to, else the system's, with every call declared; ConfigError otherwise."""
    for name in (*_linked(), *_LIBRARIES):
        with suppress(OSError, AttributeError):
            library = ctypes.CDLL(name)
            for call, (result, arguments) in _CALLS.items():
                function = getattr(library, call)
                function.restype, function.argtypes = result, arguments
            return library
    raise ConfigError("No OpenSSL 3 was found.")


def _linked() -> tuple[str, ...]:
    """Python's module that is linked to OpenSSL: a name is looked up in what a library is linked to as well."""
    try:
        import _hashlib
    except ImportError:  # built without OpenSSL
        return ()
    return (_hashlib.__file__,) if hasattr(_hashlib, "__file__") else ()


def gmp(key: RSAPrivateKey, entropy: Entropy) -> RawOperation:
    """By GMP's side-channel silent exponentiation; ConfigError where gmpy2 is not installed."""
    try:
        from gmpy2 import invert, mpz, powmod, powmod_sec
    except ImportError:
        raise ConfigError("The package gmpy2 is not installed.") from None
    numbers = key.private_numbers()
    d, n, e = mpz(numbers.d), mpz(numbers.public_numbers.n), numbers.public_numbers.e
    size = key.key_size // 8

    def operate(value: bytes) -> bytes:
        """Of value · r^e, and without r again: what is timed is nobody's choice."""
        r = mpz(int.from_bytes(entropy(size + 16)) % (int(n) - 1) + 1)
        blinded = mpz(int.from_bytes(value)) * powmod(r, e, n) % n
        return int(powmod_sec(blinded, d, n) * invert(r, n) % n).to_bytes(size)

    return operate
