#pragma once

#include "scanner/base/buf.h"

/** The certificates of a PEM text (RFC 7468), as `openssl` and CAs hand them out. */
struct pem_certs {
    struct buf list; /* in the form of cert_list.h, each once, as it stands in the text */
    size_t count;
};

/** Blocks that are no certificate are skipped, as are certificates that OpenSSL's own form marks as
 * refused for servers.
 * @param c zeroed but for the limit of its list
 * @return false with the reason in `why`: a damaged block, a certificate that cannot be read */
bool pem_certs_read(struct pem_certs *c, struct span pem, struct buf *why);

/**
 * Reads a file whole. @return false with one line in `why`: which file, why not. No such file:
 * "name a PEM file of `what`".
 */
bool pem_file_read(struct buf *into, const char *path, const char *what, struct buf *why);
