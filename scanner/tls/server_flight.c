#include "scanner/tls/server_flight.h"

#include "scanner/base/memory.h"
#include "scanner/tls/wire.h"

#define SUITE_TLS13_ID 0x1300 /* RFC 8446 appendix B.4: 0x13,0x01 and on */

enum further_message {
    MESSAGE_SERVER_HELLO_DONE = 14,
    MESSAGE_FINISHED = 20,
};

enum extension {
    EXTENSION_SUPPORTED_GROUPS = 10,
    EXTENSION_SIGNATURE_ALGORITHMS = 13,
    EXTENSION_SUPPORTED_VERSIONS = 43,
    EXTENSION_COOKIE = 44, /* RFC 8446 section 4.2.2 */
    EXTENSION_PSK_MODES = 45,
    EXTENSION_KEY_SHARE = 51,
    EXTENSION_RENEGOTIATION_INFO = 0xff01,
};

#define BIT(type) (1U << (type))

void flight_init(struct server_flight *f, const struct hello_template *hello,
                 const uint8_t session_id[HELLO_RANDOM_LEN], const EVP_MD *sha256,
                 EVP_MD_CTX *digest)
{
    *f =
        (struct server_flight){.hello = hello,
                               .session_id = session_id,
                               .octets = BUF_INIT(TLS_CERTIFICATE_MESSAGE_MAX + FLIGHT_MESSAGE_MAX),
                               .group = GROUP_X25519,
                               .expected = BIT(MESSAGE_SERVER_HELLO)};
    handshake_notes_init(&f->notes, sha256, digest);
}

void flight_deinit(struct server_flight *f)
{
    handshake_notes_deinit(&f->notes);
    buf_deinit(&f->octets);
}

enum flight_status flight_fall(struct server_flight *f, const char *why)
{
    struct seen_tls *seen = &f->notes.seen;
    f->fell = true;
    (void)snprintf(seen->error_text, sizeof(seen->error_text), "%s", why);
    return FLIGHT_FELL;
}

bool flight_is_between_messages(const struct server_flight *f)
{
    return f->octets.len == 0;
}

/* --- the ServerHello -------------------------------------------------------------------------- */

struct hello_fields {
    struct span random;
    struct span session_id;
    uint32_t version; /* RFC 8446 section 4.1.3: legacy_version */
    uint32_t suite;
    bool asks_again;    /* HelloRetryRequest */
    uint32_t selected;  /* by supported_versions; 0: without it */
    uint32_t group;     /* of key_share; 0: without it */
    struct span share;  /* of the same; not of one that asks again */
    struct span cookie; /* of one that asks again */
};

/* RFC 8446 section 4.1.3: how a server of TLS 1.3 says that it was talked down. */
static bool random_tells_downgrade(struct span random)
{
    return span_ends_with(random, SPAN_LIT("DOWNGRD\x01")) ||
           span_ends_with(random, SPAN_LIT("DOWNGRD\x00"));
}

/* RFC 8446 section 4.2: none that was not offered, and none twice. */
static bool note_extension(struct server_flight *f, uint32_t type)
{
    size_t place = hello_template_find_extension(f->hello, type);
    /* RFC 5746 section 3.4: the signalling suite offers it as well. */
    if (type == EXTENSION_RENEGOTIATION_INFO && place == HELLO_EXTENSIONS_MAX) {
        return true;
    }
    if (place == HELLO_EXTENSIONS_MAX || (f->extensions & BIT(place)) != 0) {
        return false;
    }
    f->extensions |= BIT(place);
    return true;
}

/* RFC 8446 section 4.2.8: HelloRetryRequest has the group alone. */
static bool read_server_share(struct span body, struct hello_fields *out)
{
    return take_number(&body, 2, &out->group) && out->group != 0 &&
           (out->asks_again || take_vector(&body, 2, &out->share)) && body.len == 0;
}

static bool read_cookie(struct span body, struct hello_fields *out)
{
    return out->asks_again && out->cookie.len == 0 && take_vector(&body, 2, &out->cookie) &&
           out->cookie.len > 0 && out->cookie.len <= HELLO_COOKIE_MAX && body.len == 0;
}

static bool read_hello_extension(struct server_flight *f, uint32_t type, struct span body,
                                 struct hello_fields *out)
{
    switch (type) {
    case EXTENSION_SUPPORTED_VERSIONS:
        return note_extension(f, type) && take_number(&body, 2, &out->selected) && body.len == 0;
    case EXTENSION_KEY_SHARE:
        return note_extension(f, type) && read_server_share(body, out);
    case EXTENSION_COOKIE: /* the one that a client does not offer first */
        return read_cookie(body, out);
    case EXTENSION_RENEGOTIATION_INFO: /* RFC 5746 section 3.4: empty at first */
        return note_extension(f, type) && span_eq(body, SPAN_LIT("\x00"));
    case EXTENSION_SIGNATURE_ALGORITHMS: /* RFC 8446 section 4.2: of clients */
    case EXTENSION_PSK_MODES:
        return false;
    default: /* a number chosen by the peer */
        return note_extension(f, type);
    }
}

static bool hello_read(struct server_flight *f, struct span message, struct hello_fields *out)
{
    struct span rest = span_drop(message, MESSAGE_HEADER_LEN);
    struct span extensions = {0};
    uint32_t compression = 0;
    uint32_t type = 0;
    struct span body;
    *out = (struct hello_fields){.asks_again = server_hello_asks_again(message)};
    if (!take_number(&rest, 2, &out->version) || rest.len < HELLO_RANDOM_LEN) {
        return false;
    }
    out->random = span_take(rest, HELLO_RANDOM_LEN);
    rest = span_drop(rest, HELLO_RANDOM_LEN);
    if (!take_vector(&rest, 1, &out->session_id) || !take_number(&rest, 2, &out->suite) ||
        !take_number(&rest, 1, &compression) || compression != 0 ||
        (rest.len > 0 && !take_vector(&rest, 2, &extensions)) || rest.len > 0) {
        return false;
    }
    f->extensions = 0;
    while (take_extension(&extensions, &type, &body)) {
        if (!read_hello_extension(f, type, body, out)) {
            return false;
        }
    }
    return extensions.len == 0;
}

/* supported_versions and key_share: any other belongs elsewhere, and the cookie is looked at by itself. */
static bool extensions_are_of_tls13(const struct server_flight *f, const struct hello_fields *hello)
{
    int due = (hello->selected != 0) + (hello->group != 0);
    int count = 0;
    for (uint32_t bits = f->extensions; bits != 0; bits &= bits - 1) {
        count++;
    }
    return count == due;
}

static bool is_of_tls13(const struct server_flight *f, const struct hello_fields *hello)
{
    return hello->selected == VERSION_TLS13 && hello->version == VERSION_TLS12 &&
           extensions_are_of_tls13(f, hello) && handshake_suite_is_known((uint16_t)hello->suite) &&
           span_eq(hello->session_id, (struct span){f->session_id, HELLO_RANDOM_LEN});
}

static enum flight_status take_hello13(struct server_flight *f, const struct hello_fields *hello)
{
    if (!is_of_tls13(f, hello) || hello->group != f->group ||
        hello->share.len != handshake_share_len(f->group) ||
        (f->asked_again && hello->suite != f->suite)) {
        return flight_fall(f, "a ServerHello of TLS 1.3 that is not as expected");
    }
    memcpy(f->share, hello->share.at, hello->share.len);
    f->expected = BIT(MESSAGE_ENCRYPTED_EXTENSIONS);
    return FLIGHT_HELLO;
}

/* RFC 8446 section 4.1.4: once, and for something else than there was. */
static enum flight_status take_retry(struct server_flight *f, const struct hello_fields *hello)
{
    bool other_group = hello->group != 0;
    if (f->asked_again || !is_of_tls13(f, hello) ||
        (other_group ? hello->group == f->group : hello->cookie.len == 0)) {
        return flight_fall(f, "a HelloRetryRequest that is not as expected");
    }
    if (other_group && handshake_share_len((uint16_t)hello->group) == 0) {
        return flight_fall(f, "HelloRetryRequest for a group that is not spoken here");
    }
    f->asked_again = true;
    f->suite = (uint16_t)hello->suite;
    f->group = other_group ? (uint16_t)hello->group : f->group;
    f->cookie = hello->cookie;
    return FLIGHT_RETRY;
}

static enum flight_status take_hello12(struct server_flight *f, const struct hello_fields *hello)
{
    size_t suite = hello_template_find_suite(f->hello, (uint16_t)hello->suite);
    if (hello->version != VERSION_TLS12) {
        return flight_fall(f, "a version other than TLS 1.2 and 1.3");
    }
    if (f->asked_again || random_tells_downgrade(hello->random) || hello->group != 0 ||
        suite == HELLO_SUITES_MAX || hello->suite >> 8 == SUITE_TLS13_ID >> 8) {
        return flight_fall(f, "a ServerHello of TLS 1.2 that is not as expected");
    }
    f->key_exchange = (enum key_exchange)f->hello->exchanges[suite];
    f->expected = BIT(MESSAGE_CERTIFICATE);
    return FLIGHT_MORE;
}

static enum flight_status take_hello(struct server_flight *f, struct span message)
{
    struct hello_fields hello;
    if (!hello_read(f, message, &hello)) {
        return flight_fall(f, "a ServerHello that is not as expected");
    }
    return hello.asks_again      ? take_retry(f, &hello)
           : hello.selected != 0 ? take_hello13(f, &hello)
                                 : take_hello12(f, &hello);
}

/* --- what follows it -------------------------------------------------------------------------- */

/* RFC 8446 section 4.2: of those that are offered, only supported_groups may stand there. */
static bool encrypted_extensions_are_plain(struct span message)
{
    struct span rest = span_drop(message, MESSAGE_HEADER_LEN);
    struct span extensions;
    uint32_t type = 0;
    struct span body;
    size_t count = 0;
    if (!take_vector(&rest, 2, &extensions) || rest.len > 0) {
        return false;
    }
    while (take_extension(&extensions, &type, &body)) {
        if (type != EXTENSION_SUPPORTED_GROUPS || ++count > 1) {
            return false;
        }
    }
    return extensions.len == 0;
}

static uint32_t expected_behind(const struct server_flight *f, uint8_t type)
{
    bool tls13 = f->notes.seen.version == VERSION_TLS13;
    uint32_t last = BIT(MESSAGE_CERTIFICATE_REQUEST) | BIT(MESSAGE_SERVER_HELLO_DONE);
    switch (type) {
    case MESSAGE_ENCRYPTED_EXTENSIONS:
        return BIT(MESSAGE_CERTIFICATE_REQUEST) | BIT(MESSAGE_CERTIFICATE);
    case MESSAGE_CERTIFICATE_REQUEST:
        return tls13 ? BIT(MESSAGE_CERTIFICATE) : BIT(MESSAGE_SERVER_HELLO_DONE);
    case MESSAGE_CERTIFICATE:
        if (tls13) {
            return BIT(MESSAGE_CERTIFICATE_VERIFY);
        }
        /* RFC 6066 section 8. */
        return BIT(MESSAGE_CERTIFICATE_STATUS) |
               (f->key_exchange == KEY_EXCHANGE_OTHER ? last : BIT(MESSAGE_SERVER_KEY_EXCHANGE));
    case MESSAGE_CERTIFICATE_STATUS:
        return f->key_exchange == KEY_EXCHANGE_OTHER ? last : BIT(MESSAGE_SERVER_KEY_EXCHANGE);
    case MESSAGE_SERVER_KEY_EXCHANGE:
        return last;
    case MESSAGE_CERTIFICATE_VERIFY:
        return BIT(MESSAGE_FINISHED);
    default: /* the last ones */
        return 0;
    }
}

static bool list_is_whole(const struct seen_tls *seen)
{
    return seen->cert_count > 0 && !seen->list_truncated && !seen->list_malformed;
}

static enum flight_status take_message(struct server_flight *f, struct span message)
{
    uint8_t type = message.at[0];
    handshake_note_octets(&f->notes, f->key_exchange, message);
    if (type == MESSAGE_SERVER_HELLO) {
        return take_hello(f, message);
    }
    if (type == MESSAGE_ENCRYPTED_EXTENSIONS && !encrypted_extensions_are_plain(message)) {
        return flight_fall(f, "EncryptedExtensions that are not as expected");
    }
    if (type == MESSAGE_CERTIFICATE && !list_is_whole(&f->notes.seen)) {
        return flight_fall(f, "a list of certificates that is empty, malformed or too long");
    }
    f->expected = expected_behind(f, type);
    return f->expected != 0 ? FLIGHT_MORE : FLIGHT_DONE;
}

/* @return how long it is, its header included; 0: not known yet, SIZE_MAX: too long, or not due */
static size_t message_length(const struct server_flight *f, struct span rest)
{
    if (rest.len > 0 && (rest.at[0] >= 32 || (f->expected & BIT(rest.at[0])) == 0)) {
        return SIZE_MAX;
    }
    if (rest.len < MESSAGE_HEADER_LEN) {
        return 0;
    }
    size_t len = (size_t)rest.at[1] << 16 | (size_t)rest.at[2] << 8 | rest.at[3];
    size_t most = rest.at[0] == MESSAGE_CERTIFICATE ? TLS_CERTIFICATE_MESSAGE_MAX
                                                    : FLIGHT_MESSAGE_MAX - MESSAGE_HEADER_LEN;
    return len <= most ? MESSAGE_HEADER_LEN + len : SIZE_MAX;
}

static void keep_rest(struct server_flight *f, size_t used)
{
    memmove(f->octets.at, f->octets.at + used, f->octets.len - used);
    f->octets.len -= used;
}

/* A ServerHello of TLS 1.3, or HelloRetryRequest, stays for flight_server_hello(). */
static enum flight_status take_messages(struct server_flight *f)
{
    size_t used = 0;
    enum flight_status status = FLIGHT_MORE;
    while (status == FLIGHT_MORE && used < f->octets.len) {
        struct span rest = span_drop(buf_span(&f->octets), used);
        size_t len = message_length(f, rest);
        if (len == SIZE_MAX) {
            return flight_fall(f, "a message that is not due, or too long");
        }
        if (len == 0 || len > rest.len) {
            break;
        }
        status = take_message(f, span_take(rest, len));
        if (status == FLIGHT_HELLO || status == FLIGHT_RETRY) {
            return rest.len == len ? status
                                   : flight_fall(f, "octets in clear behind the ServerHello");
        }
        used += len;
    }
    if (status == FLIGHT_DONE && used < f->octets.len) {
        return flight_fall(f, "octets behind the last message");
    }
    if (used > 0 && status != FLIGHT_FELL) {
        keep_rest(f, used);
    }
    return status;
}

enum flight_status flight_feed(struct server_flight *f, struct span in)
{
    CHECK(!f->fell);
    if (!buf_append(&f->octets, in)) {
        return flight_fall(f, "more octets than messages have");
    }
    return take_messages(f);
}

struct span flight_server_hello(struct server_flight *f)
{
    struct span hello = buf_span(&f->octets);
    f->octets.len = 0;
    return hello;
}
