#pragma once

#include <stdbool.h>

/**
 * A faster way to read the public keys of certificates with OpenSSL 3.0 and 3.1.
 *
 * There, reading the key of each certificate walks every key manager and every decoder
 * (openssl issues 17950, 19119): half of the instructions of a client handshake. As soon as an
 * ENGINE declares key methods for RSA and EC, x509_pubkey_decode() takes the key decoder of
 * OpenSSL 1.1.1 instead, which still exists beside the new one. So this registers an ENGINE
 * whose key methods are OpenSSL's own, and nothing else changes: a key that the old decoder
 * refuses goes on to the new one. Of the decoder for elliptic curves, reading is our own: it copies a
 * curve that is set up (P-256, P-384, P-521), which the old one sets up anew for each certificate.
 *
 * It applies when the library loaded at run time is older than 3.2 (where decoding became
 * fast) and ENGINEs are compiled in; without ENGINEs, and when built against 3.2 or later,
 * nothing here does anything. The first use tests itself: known keys are read and verify
 * known signatures, and no altered one; otherwise it stays off.
 *
 * ENGINEs belong to the whole process, so users are counted. While it is on, this process must
 * not generate keys or act as a TLS server: the old methods know fewer parameters (a group by
 * its NIST name, the padding of RSA key transport). A client handshake needs neither.
 */

/** Whether this library needs it and has what it takes; then only a failed self-test keeps it off. */
bool fast_public_key_applies(void);
/** In a thread whose default library context is set up. @return whether the lever is on now;
 * then, and only then, fast_public_key_release() must follow. */
bool fast_public_key_acquire(void);
/** Off again with the last user. */
void fast_public_key_release(void);
