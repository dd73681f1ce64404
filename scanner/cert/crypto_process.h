#pragma once

/**
 * What holds for OpenSSL in the whole process. Before anything else of it: what it does at its first use
 * cannot be taken back.
 *  - No configuration from the environment, also not by way of libcurl, which would open it: what a client
 *    says is ours to decide.
 *  - No exit handler: threads that were left in a library may still hold objects when main() returns.
 *  - Memory is ours (crypto_memory.h): it never fails, so that no certificate is called unreadable for want of it.
 */
void crypto_process_init(void);
