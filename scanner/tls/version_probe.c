#include "scanner/tls/version_probe.h"

#include <sys/random.h>

#include "scanner/base/memory.h"
#include "scanner/tls/client_hello.h"
#include "scanner/tls/handshake_message.h"
#include "scanner/tls/wire.h"

#define MESSAGE_LEN_MAX 1024 /* of a ServerHello; our own bound, usual are 80 to 200 */

enum alert {
    ALERT_HANDSHAKE_FAILURE = 40,
    ALERT_PROTOCOL_VERSION = 70,
    ALERT_INSUFFICIENT_SECURITY = 71,
    ALERT_UNRECOGNIZED_NAME = 112,
};

struct version_probe {
    struct seen_hello seen;
    enum session_outcome outcome;
    char sni[256];
    uint16_t suites[OFFERED_SUITES_MAX];
    size_t suite_count; /* 0: the usual ones */
    uint8_t header[RECORD_HEADER_LEN];
    uint8_t header_len;
    uint16_t record_left; /* octets of the record whose header is complete */
    uint8_t alert[ALERT_LEN];
    uint8_t alert_len;
    size_t message_len;
    uint8_t message[MESSAGE_LEN_MAX];
};

struct version_probe *version_probe_new(uint16_t max_version, const char *sni)
{
    struct version_probe *p = memory_new(1, sizeof(*p));
    p->seen = (struct seen_hello){.attempted = true, .max_version = max_version, .alert = -1};
    if (sni != NULL) {
        CHECK(strlen(sni) < sizeof(p->sni));
        memcpy(p->sni, sni, strlen(sni) + 1);
    }
    return p;
}

void version_probe_offer(struct version_probe *p, struct suite_list suites)
{
    CHECK(suites.count > 0 && suites.count <= OFFERED_SUITES_MAX);
    memcpy(p->suites, suites.at, suites.count * sizeof(suites.at[0]));
    p->suite_count = suites.count;
}

void version_probe_free(struct version_probe *p)
{
    free(p);
}

void version_probe_hello(const struct version_probe *p, struct buf *out)
{
    uint8_t random[CLIENT_HELLO_RANDOM_LEN];
    CHECK(getrandom(random, sizeof(random), 0) == (ssize_t)sizeof(random)); /* under 256: whole */
    struct suite_list suites = {p->suites, p->suite_count};
    client_hello_put(out, p->seen.max_version, suites, p->sni[0] != '\0' ? p->sni : NULL, random);
}

static void version_probe_decide(struct version_probe *p, enum hello_answer answer,
                                 enum session_outcome outcome)
{
    p->seen.answer = (uint8_t)answer;
    p->outcome = outcome;
}

/* RFC 8446 section 6: close_notify and user_canceled end nothing by themselves in a handshake, but
 * a server that sends them has no more to say. Other warnings go on (RFC 6066 section 3). */
static void conclude_alert(struct version_probe *p)
{
    uint8_t level = p->alert[0];
    uint8_t alert = p->alert[1];
    p->alert_len = 0;
    if (level == LEVEL_WARNING && alert != ALERT_CLOSE_NOTIFY) {
        return;
    }
    p->seen.alert = alert;
    switch (alert) {
    case ALERT_PROTOCOL_VERSION:
        version_probe_decide(p, HELLO_REFUSED, OUTCOME_TLS_NO_SHARED_VERSION);
        break;
    case ALERT_HANDSHAKE_FAILURE: /* the suites are those of all versions offered */
    case ALERT_INSUFFICIENT_SECURITY:
        version_probe_decide(p, HELLO_REFUSED, OUTCOME_TLS_NO_SHARED_CIPHER);
        break;
    case ALERT_CLOSE_NOTIFY:
        version_probe_decide(p, HELLO_DECLINED, OUTCOME_TLS_CLOSED);
        break;
    case ALERT_UNRECOGNIZED_NAME: /* about the name, not about versions */
        version_probe_decide(p, HELLO_NONE, OUTCOME_TLS_ALERT);
        break;
    default: /* a number chosen by the peer */
        version_probe_decide(p, HELLO_DECLINED, OUTCOME_TLS_ALERT);
        break;
    }
}

static void conclude_server_hello(struct version_probe *p)
{
    struct span message = {p->message, p->message_len};
    struct seen_tls seen = {0};
    server_hello_read(message, &seen);
    p->seen.version = seen.version;
    p->seen.cipher = seen.cipher;
    if (seen.version >= VERSION_TLS10 && seen.version <= p->seen.max_version) {
        p->seen.retry_request = server_hello_asks_again(message);
        version_probe_decide(p, HELLO_ACCEPTED, OUTCOME_ESTABLISHED);
    } else if (seen.version != 0 && seen.version < VERSION_TLS10) {
        version_probe_decide(p, HELLO_REFUSED,
                             OUTCOME_TLS_NO_SHARED_VERSION); /* RFC 5246 appendix E.1 */
    } else {
        version_probe_decide(p, HELLO_NONE,
                             OUTCOME_TLS_PROTOCOL_ERROR); /* not offered, or unreadable */
    }
}

/* @return octets of the message under way that are still to come; decided when there are none, or
 * when it is no ServerHello. */
static size_t message_left(struct version_probe *p)
{
    if (p->message_len < MESSAGE_HEADER_LEN) {
        return MESSAGE_HEADER_LEN - p->message_len;
    }
    const uint8_t *m = p->message;
    size_t len = MESSAGE_HEADER_LEN + ((size_t)m[1] << 16 | (size_t)m[2] << 8 | m[3]);
    if (m[0] != MESSAGE_SERVER_HELLO || len > MESSAGE_LEN_MAX) {
        version_probe_decide(p, HELLO_NONE, OUTCOME_TLS_PROTOCOL_ERROR);
        return 0;
    }
    return len - p->message_len;
}

static size_t take_handshake(struct version_probe *p, struct span in)
{
    size_t n = span_take(in, message_left(p)).len;
    memcpy(p->message + p->message_len, in.at, n);
    p->message_len += n;
    if (message_left(p) == 0 && p->outcome == OUTCOME_NOT_TESTED) {
        conclude_server_hello(p);
    }
    return n;
}

static size_t take_alert(struct version_probe *p, struct span in)
{
    size_t n = span_take(in, ALERT_LEN - p->alert_len).len;
    memcpy(p->alert + p->alert_len, in.at, n);
    p->alert_len = (uint8_t)(p->alert_len + n);
    if (p->alert_len == ALERT_LEN) {
        conclude_alert(p);
    }
    return n;
}

static bool is_expected_type(uint8_t type)
{
    return type == CONTENT_ALERT || type == CONTENT_HANDSHAKE;
}

/* The first octet tells text from TLS: whoever speaks SMTP here is not waited for. */
static size_t take_record_header(struct version_probe *p, struct span in)
{
    p->header[p->header_len++] = in.at[0];
    const uint8_t *h = p->header;
    uint16_t len = (uint16_t)(h[3] << 8 | h[4]);
    if (!is_expected_type(h[0]) || (p->header_len > 1 && h[1] != VERSION_TLS10 >> 8) ||
        (p->header_len == RECORD_HEADER_LEN && (len == 0 || len > RECORD_LEN_MAX))) {
        version_probe_decide(p, HELLO_NONE, OUTCOME_TLS_PROTOCOL_ERROR);
    }
    p->record_left = len;
    return 1;
}

static size_t take_record(struct version_probe *p, struct span in)
{
    struct span body = span_take(in, p->record_left);
    size_t n = p->header[0] == CONTENT_ALERT ? take_alert(p, body) : take_handshake(p, body);
    p->record_left = (uint16_t)(p->record_left - n);
    if (p->record_left == 0) {
        p->header_len = 0;
    }
    return n;
}

bool version_probe_feed(struct version_probe *p, struct span in)
{
    CHECK(p->outcome == OUTCOME_NOT_TESTED);
    while (in.len > 0 && p->outcome == OUTCOME_NOT_TESTED) {
        bool in_header = p->header_len < RECORD_HEADER_LEN;
        in = span_drop(in, in_header ? take_record_header(p, in) : take_record(p, in));
    }
    return p->outcome != OUTCOME_NOT_TESTED;
}

void version_probe_peer_gone(struct version_probe *p, bool reset, bool timeout)
{
    if (p->outcome == OUTCOME_NOT_TESTED) {
        version_probe_decide(p, timeout ? HELLO_NONE : HELLO_DECLINED,
                             timeout ? OUTCOME_TLS_TIMEOUT
                             : reset ? OUTCOME_TLS_RESET
                                     : OUTCOME_TLS_CLOSED);
    }
}

void version_probe_octets_exceeded(struct version_probe *p)
{
    if (p->outcome == OUTCOME_NOT_TESTED) {
        version_probe_decide(p, HELLO_NONE, OUTCOME_TLS_PROTOCOL_ERROR);
    }
}

void version_probe_goodbye(const struct version_probe *p, struct buf *out)
{
    if (p->seen.answer != HELLO_ACCEPTED) {
        return;
    }
    put_farewell(out, p->seen.version < VERSION_TLS12 ? p->seen.version : VERSION_TLS12);
}

const struct seen_hello *version_probe_seen(const struct version_probe *p)
{
    return &p->seen;
}

enum session_outcome version_probe_outcome(const struct version_probe *p)
{
    return p->outcome;
}
