#include "tests/lab/raw_suites.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lab/tls_server.h"

#define TLS12               0x0303
#define PROTOCOL_VERSION    70
#define SERVER_HELLO        2
#define SERVER_HELLO_LEN    38 /* RFC 5246 section 7.4.1.3, without session id and extensions */
#define RECORD_HANDSHAKE    22
#define RECORD_HEAD         5
#define MESSAGE_HEAD        4
#define HEX_DIGITS_OF_SUITE 4

bool raw_suites_parse(struct raw_suites *r, const char *text)
{
    for (r->count = 0; r->count < RAW_SUITES_MAX; text++) {
        char *end;
        r->suite[r->count++] = (uint16_t)strtoul(text, &end, 16);
        if (end - text != HEX_DIGITS_OF_SUITE || *end != ',') {
            return end - text == HEX_DIGITS_OF_SUITE && *end == '\0';
        }
        text = end;
    }
    return false;
}

static uint16_t offered_at(const struct offer *offer, size_t i)
{
    return (uint16_t)(offer->suites.at[2 * i] << 8 | offer->suites.at[2 * i + 1]);
}

static bool is_offered(const struct offer *offer, uint16_t suite)
{
    bool found = false;
    for (size_t i = 0; i < offer->suites.len / 2; i++) {
        found |= offered_at(offer, i) == suite;
    }
    return found;
}

static bool has_suite(const struct raw_suites *r, uint16_t suite)
{
    bool found = false;
    for (size_t i = 0; i < r->count; i++) {
        found |= r->suite[i] == suite;
    }
    return found;
}

/* @return false: nothing is shared. */
static bool pick(const struct raw_suites *r, const struct offer *offer, uint16_t *out)
{
    size_t count = r->pick == LAB_PICK_CLIENT ? offer->suites.len / 2 : r->count;
    for (size_t i = 0; i < count; i++) {
        *out = r->pick == LAB_PICK_CLIENT ? offered_at(offer, i) : r->suite[i];
        if (r->pick == LAB_PICK_FIXED ||
            (r->pick == LAB_PICK_CLIENT ? has_suite(r, *out) : is_offered(offer, *out))) {
            return true;
        }
    }
    return false;
}

static void put_server_hello(uint16_t version, uint16_t suite, struct buf *out)
{
    uint8_t hello[RECORD_HEAD + MESSAGE_HEAD + SERVER_HELLO_LEN] = {RECORD_HANDSHAKE,
                                                                    (uint8_t)(version >> 8),
                                                                    (uint8_t)version,
                                                                    0,
                                                                    MESSAGE_HEAD + SERVER_HELLO_LEN,
                                                                    SERVER_HELLO,
                                                                    0,
                                                                    0,
                                                                    SERVER_HELLO_LEN,
                                                                    (uint8_t)(version >> 8),
                                                                    (uint8_t)version};
    memset(hello + 11, 0x5a, 32); /* random */
    hello[44] = (uint8_t)(suite >> 8);
    hello[45] = (uint8_t)suite;
    buf_put(out, (struct span){hello, sizeof(hello)});
}

void raw_suites_answer(const struct raw_suites *r, const struct offer *offer, uint16_t min,
                       uint16_t max, struct buf *out)
{
    uint16_t own = max < TLS12 ? max : TLS12;
    uint16_t version = offer->version < own ? offer->version : own;
    uint16_t suite = 0;
    if (version < min) {
        tls_put_alert(out, true, PROTOCOL_VERSION);
    } else if (pick(r, offer, &suite)) {
        put_server_hello(version, suite, out);
    } else if (r->refusal != 0) {
        tls_put_alert(out, true, r->refusal);
    }
}
