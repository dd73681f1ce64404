#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "scanner/probe/session.h"
#include "scanner/probe/wheel_loop.h"
#include "tests/unit/probe/smtp_peer.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define TICK_MS    5
#define SHORT_MS   40    /* where a row waits for a timeout */
#define PATIENT_MS 60000 /* everywhere else: a slow machine changes no outcome */
#define FILLERS    4     /* connections that fill a backlog of 0 */

enum target {
    TO_PEER,
    TO_CLOSED_PORT,
    TO_FULL_BACKLOG,  /* SYNs are dropped */
    TO_BROADCAST,     /* connect(2) fails at once, nothing is sent */
    FROM_FOREIGN,     /* bind(2) to an address that is not ours */
    FROM_127_0_0_2,   /* to the peer, from an address that is */
    NO_DESCRIPTORS,   /* EMFILE */
    ABORT_CONNECTING, /* to the full backlog, and session_abort() */
    ABORT_FAILED,     /* as TO_BROADCAST, and session_abort() */
};

enum patience {
    PATIENT,
    SHORT_CONNECT,
    SHORT_GREETING,
    SHORT_TLS,
    SHORT_TARGET,
};

struct session_case {
    const char *name;
    struct step steps[SMTP_PEER_STEPS_MAX];
    enum session_outcome outcome;
    const char *codes; /* of greeting, EHLO, HELO, STARTTLS, EHLO in TLS, QUIT */
    enum starttls_state starttls;
    int sys;
    enum target target;
    enum patience patience;
    bool implicit_tls;
    const char *sni;
    bool in_one_segment; /* octet by octet it would be another case */
    bool made_short;     /* up to where the server waits */
    uint16_t hello;      /* not 0: only a ClientHello, offered up to this version */
    enum hello_answer answer;
    uint16_t version;
    const char *error_text; /* NULL: not looked at */
};

#define GREET                       \
    {                               \
        SAY, "220 mx.test ESMTP", 0 \
    }
#define OFFER                                 \
    {HEAR, "EHLO scanner.test", 0},           \
    {                                         \
        SAY, "250-mx.test\r\n250 STARTTLS", 0 \
    }
#define GO                 \
    {HEAR, "STARTTLS", 0}, \
    {                      \
        SAY, "220 go", 0   \
    }
#define INSIDE                       \
    {TLS, NULL, 0},                  \
    {                                \
        HEAR, "EHLO scanner.test", 0 \
    }
#define BYE                                 \
    {HEAR, "QUIT", 0}, {SAY, "221 bye", 0}, \
    {                                       \
        CLOSE, NULL, 0                      \
    }
#define HURRY                    \
    {                            \
        HOOK, "short replies", 0 \
    } /* for the states that begin from now on */
#define HURRY_TLS            \
    {                        \
        HOOK, "short tls", 0 \
    }
#define ABORT            \
    {                    \
        HOOK, "abort", 0 \
    }
#define SAYS(line)   \
    {                \
        SAY, line, 0 \
    }
#define HEARS(line)   \
    {                 \
        HEAR, line, 0 \
    }
#define DRIPS(text)   \
    {                 \
        DRIP, text, 0 \
    }
#define FLOODS(text)   \
    {                  \
        FLOOD, text, 0 \
    }
#define STALL            \
    {                    \
        HOOK, "stall", 0 \
    } /* the loop stands still for longer than a short timeout */
#define DOES(act)    \
    {                \
        act, NULL, 0 \
    }
#define RECORD(octets)                  \
    {                                   \
        RAW, octets, sizeof(octets) - 1 \
    }

/* RFC 5321 and RFC 3207 along the stages of a session. */
static const struct session_case cases[] = {
    /* connect */
    {.name = "refused",
     .target = TO_CLOSED_PORT,
     .outcome = OUTCOME_REFUSED,
     .codes = "0 0 0 0 0 0",
     .sys = UV_ECONNREFUSED},
    {.name = "silent",
     .target = TO_FULL_BACKLOG,
     .patience = SHORT_CONNECT,
     .outcome = OUTCOME_CONNECT_TIMEOUT,
     .codes = "0 0 0 0 0 0",
     .sys = UV_ETIMEDOUT},
    {.name = "silent, limit of the session",
     .target = TO_FULL_BACKLOG,
     .patience = SHORT_TARGET,
     .outcome = OUTCOME_CONNECT_TIMEOUT,
     .codes = "0 0 0 0 0 0",
     .sys = UV_ETIMEDOUT},
    {.name = "our own kernel says unreachable, at once",
     .target = TO_BROADCAST,
     .outcome = OUTCOME_LOCAL_FAULT,
     .codes = "0 0 0 0 0 0",
     .sys = UV_ENETUNREACH},
    {.name = "not our address",
     .target = FROM_FOREIGN,
     .outcome = OUTCOME_LOCAL_FAULT,
     .codes = "0 0 0 0 0 0",
     .sys = UV_EADDRNOTAVAIL},
    {.name = "no descriptors",
     .target = NO_DESCRIPTORS,
     .outcome = OUTCOME_LOCAL_FAULT,
     .codes = "0 0 0 0 0 0",
     .sys = UV_EMFILE},
    {.name = "from our second address",
     .target = FROM_127_0_0_2,
     .steps = {SAYS("554 no"), BYE},
     .outcome = OUTCOME_GREETING_REJECTED,
     .codes = "554 0 0 0 0 221"},

    /* greeting */
    {.name = "says nothing",
     .steps = {DOES(SILENT)},
     .patience = SHORT_GREETING,
     .outcome = OUTCOME_GREETING_TIMEOUT,
     .codes = "0 0 0 0 0 0"},
    {.name = "drips a greeting",
     .steps = {DRIPS("220-mx.test\r\n")},
     .patience = SHORT_GREETING,
     .outcome = OUTCOME_GREETING_TIMEOUT,
     .codes = NULL},
    {.name = "drips beyond the limit of the session",
     .steps = {DRIPS("220-mx.test\r\n")},
     .patience = SHORT_TARGET,
     .outcome = OUTCOME_GREETING_TIMEOUT,
     .codes = NULL},
    {.name = "closes at once",
     .steps = {DOES(CLOSE)},
     .outcome = OUTCOME_GREETING_CLOSED,
     .codes = "0 0 0 0 0 0"},
    {.name = "resets at once",
     .steps = {DOES(RESET)},
     .outcome = OUTCOME_GREETING_CLOSED,
     .codes = "0 0 0 0 0 0",
     .sys = UV_ECONNRESET},
    {.name = "421",
     .steps = {SAYS("421 busy"), BYE},
     .outcome = OUTCOME_GREETING_TEMPFAIL,
     .codes = "421 0 0 0 0 221"},
    {.name = "421 and closes",
     .steps = {SAYS("421 busy"), DOES(CLOSE)},
     .outcome = OUTCOME_GREETING_TEMPFAIL,
     .codes = "421 0 0 0 0 0"},
    {.name = "554",
     .steps = {SAYS("554-no\r\n554 really"), BYE},
     .outcome = OUTCOME_GREETING_REJECTED,
     .codes = "554 0 0 0 0 221"},
    {.name = "SSH",
     .steps = {SAYS("SSH-2.0-OpenSSH_9.2"), DOES(SILENT)},
     .outcome = OUTCOME_NOT_SMTP,
     .codes = "0 0 0 0 0 0"},

    /* EHLO */
    {.name = "no answer to EHLO",
     .steps = {HURRY, GREET, HEARS("EHLO scanner.test")},
     .outcome = OUTCOME_EHLO_TIMEOUT,
     .codes = "220 0 0 0 0 0"},
    {.name = "drips an answer to EHLO",
     .steps = {HURRY, GREET, DRIPS("250-mx.test\r\n")},
     .outcome = OUTCOME_EHLO_TIMEOUT,
     .codes = NULL},
    {.name = "closes after EHLO",
     .steps = {GREET, HEARS("EHLO"), DOES(CLOSE)},
     .outcome = OUTCOME_EHLO_CLOSED,
     .codes = "220 0 0 0 0 0"},
    {.name = "resets after EHLO",
     .steps = {GREET, HEARS("EHLO"), DOES(RESET)},
     .outcome = OUTCOME_EHLO_CLOSED,
     .codes = "220 0 0 0 0 0",
     .sys = UV_ECONNRESET},
    {.name = "EHLO later",
     .steps = {GREET, HEARS("EHLO"), SAYS("451 later"), BYE},
     .outcome = OUTCOME_EHLO_TEMPFAIL,
     .codes = "220 451 0 0 0 221"},
    {.name = "HELO only",
     .steps = {GREET, HEARS("EHLO"), SAYS("502 what"), HEARS("HELO scanner.test"), SAYS("250 ok"),
               BYE},
     .outcome = OUTCOME_HELO_ONLY,
     .codes = "220 502 250 0 0 221",
     .starttls = STARTTLS_NOT_OFFERED},
    {.name = "closes after HELO",
     .steps = {GREET, HEARS("EHLO"), SAYS("502 what"), HEARS("HELO"), DOES(CLOSE)},
     .outcome = OUTCOME_EHLO_REJECTED,
     .codes = "220 502 0 0 0 0"},
    {.name = "spamd",
     .steps = {SAYS("220 mx.test ESMTP spamd"), HEARS("EHLO"), SAYS("250 Hello"), BYE},
     .outcome = OUTCOME_TARPIT,
     .codes = "220 250 0 0 0 221"},
    {.name = "no STARTTLS",
     .steps = {GREET, HEARS("EHLO"), SAYS("250-mx.test\r\n250 SIZE"), BYE},
     .outcome = OUTCOME_STARTTLS_NOT_OFFERED,
     .codes = "220 250 0 0 0 221",
     .starttls = STARTTLS_NOT_OFFERED},
    {.name = "masked",
     .steps = {GREET, HEARS("EHLO"), SAYS("250-mx.test\r\n250 XXXXXXXA"), BYE},
     .outcome = OUTCOME_STARTTLS_MASKED,
     .codes = "220 250 0 0 0 221",
     .starttls = STARTTLS_MASKED},

    /* STARTTLS */
    {.name = "no answer to STARTTLS",
     .steps = {GREET, HURRY, OFFER, HEARS("STARTTLS")},
     .outcome = OUTCOME_STARTTLS_TIMEOUT,
     .codes = NULL},
    {.name = "closes after STARTTLS",
     .steps = {GREET, OFFER, HEARS("STARTTLS"), DOES(CLOSE)},
     .outcome = OUTCOME_STARTTLS_CLOSED,
     .codes = "220 250 0 0 0 0"},
    {.name = "454",
     .steps = {GREET, OFFER, HEARS("STARTTLS"), SAYS("454 not now"), BYE},
     .outcome = OUTCOME_STARTTLS_TEMPFAIL,
     .codes = "220 250 0 454 0 221",
     .starttls = STARTTLS_TEMPFAIL},
    {.name = "502",
     .steps = {GREET, OFFER, HEARS("STARTTLS"), SAYS("502 what"), BYE},
     .outcome = OUTCOME_STARTTLS_REJECTED,
     .codes = "220 250 0 502 0 221",
     .starttls = STARTTLS_REJECTED},
    {.name = "text behind the 220, and TLS all the same",
     .in_one_segment = true,
     .steps = {GREET, OFFER, HEARS("STARTTLS"), SAYS("220 go\r\n"), INSIDE, SAYS("250 mx.test"),
               BYE},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 250 221",
     .starttls = STARTTLS_INJECTED},
    {.name = "250 in place of the 220",
     .steps = {GREET, OFFER, HEARS("STARTTLS"), SAYS("250 go"), INSIDE, SAYS("250 mx.test"), BYE},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 250 250 221",
     .starttls = STARTTLS_OFFERED},
    {.name = "text behind the 220",
     .in_one_segment = true,
     .steps = {GREET, OFFER, HEARS("STARTTLS"), SAYS("220 go\r\n250 injected"), DOES(SWALLOW),
               RECORD("\x15\x03\x03\x00\x02\x02\x50")},
     .outcome = OUTCOME_TLS_ALERT,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_INJECTED},

    /* TLS */
    {.name = "no ServerHello",
     .steps = {GREET, OFFER, HURRY_TLS, GO, DOES(SILENT)},
     .outcome = OUTCOME_TLS_TIMEOUT,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "drips a handshake",
     .steps = {GREET, OFFER, HURRY_TLS, GO, DOES(SWALLOW), RECORD("\x16\x03\x03\x40\x00\x02"),
               DRIPS("\x01")},
     .outcome = OUTCOME_TLS_TIMEOUT,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "closes in the handshake",
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), DOES(CLOSE)},
     .outcome = OUTCOME_TLS_CLOSED,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "resets in the handshake",
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), DOES(RESET)},
     .outcome = OUTCOME_TLS_RESET,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED,
     .sys = UV_ECONNRESET},
    {.name = "alert internal_error",
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), RECORD("\x15\x03\x03\x00\x02\x02\x50")},
     .outcome = OUTCOME_TLS_ALERT,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "alert protocol_version",
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), RECORD("\x15\x03\x03\x00\x02\x02\x46")},
     .outcome = OUTCOME_TLS_NO_SHARED_VERSION,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "alert handshake_failure",
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), RECORD("\x15\x03\x03\x00\x02\x02\x28")},
     .outcome = OUTCOME_TLS_NO_SHARED_CIPHER,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "goes on in SMTP",
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), SAYS("500 what is this"), DOES(SILENT)},
     .outcome = OUTCOME_TLS_PROTOCOL_ERROR,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},

    /* established: what follows does not change the outcome */
    {.name = "all of it",
     .steps = {GREET, OFFER, GO, INSIDE, SAYS("250 mx.test"), BYE},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 250 221",
     .starttls = STARTTLS_OFFERED},
    {.name = "all of it, with SNI",
     .sni = "mx.test",
     .steps = {GREET, OFFER, GO, INSIDE, SAYS("250 mx.test"), HEARS("QUIT"), SAYS("221 bye"),
               DOES(CLOSE_NOTIFY), DOES(CLOSE)},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 250 221",
     .starttls = STARTTLS_OFFERED},
    {.name = "closes after the handshake",
     .steps = {GREET, OFFER, GO, INSIDE, DOES(CLOSE)},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "close_notify after the handshake",
     .steps = {GREET, OFFER, GO, INSIDE, DOES(CLOSE_NOTIFY), DOES(SILENT)},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "resets after the handshake",
     .steps = {GREET, OFFER, GO, INSIDE, DOES(RESET)},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED,
     .sys = UV_ECONNRESET},
    {.name = "a broken record after the handshake",
     .steps = {GREET, OFFER, GO, INSIDE, RECORD("\x17\x03\x03\x00\x11this is no record"),
               DOES(SILENT)},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "no answer inside TLS",
     .steps = {GREET, OFFER, HURRY, GO, INSIDE, DOES(SILENT)},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "refuses EHLO inside TLS",
     .steps = {GREET, OFFER, GO, INSIDE, SAYS("530 who are you"), BYE},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 530 221",
     .starttls = STARTTLS_OFFERED},
    {.name = "no answer to QUIT",
     .steps = {GREET, OFFER, GO, INSIDE, HURRY, SAYS("250 mx.test"), HEARS("QUIT")},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 250 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "closes instead of answering QUIT",
     .steps = {GREET, OFFER, GO, INSIDE, SAYS("250 mx.test"), HEARS("QUIT"), DOES(CLOSE)},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 250 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "answers QUIT and stays",
     .in_one_segment = true, /* costs a second */
     .steps = {GREET, OFFER, GO, INSIDE, SAYS("250 mx.test"), HEARS("QUIT"), SAYS("221 bye"),
               DRIPS("x")},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 250 221",
     .starttls = STARTTLS_OFFERED},

    /* RFC 8314 section 3.3 */
    {.name = "implicit TLS",
     .implicit_tls = true,
     .sni = "mx.test",
     .steps = {DOES(TLS), GREET, HEARS("EHLO"), SAYS("250 mx.test"), BYE},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 0 0 221",
     .starttls = STARTTLS_OFFERED},
    {.name = "a greeting together with the server's Finished",
     .implicit_tls = true,
     .steps = {DOES(TLS_1_2), GREET, HEARS("EHLO"), SAYS("250 mx.test"), BYE},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 0 0 221",
     .starttls = STARTTLS_OFFERED},
    {.name = "clear text on the port of implicit TLS",
     .implicit_tls = true,
     .steps = {GREET, DOES(SILENT)},
     .outcome = OUTCOME_TLS_PROTOCOL_ERROR,
     .codes = "0 0 0 0 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "silence on the port of implicit TLS",
     .implicit_tls = true,
     .patience = SHORT_TLS,
     .steps = {DOES(SILENT)},
     .outcome = OUTCOME_TLS_TIMEOUT,
     .codes = "0 0 0 0 0 0",
     .starttls = STARTTLS_OFFERED},

    /* floods: PATIENT, so it is not time that ends them */
    {.name = "replies without end behind the greeting",
     .steps = {GREET, FLOODS("220 mx.test\r\n")},
     .in_one_segment = true,
     .outcome = OUTCOME_NOT_SMTP,
     .codes = "220 0 0 0 0 0"},
    {.name = "an answer to EHLO without end",
     .steps = {GREET, HEARS("EHLO scanner.test"), FLOODS("250-mx.test\r\n")},
     .in_one_segment = true,
     .outcome = OUTCOME_NOT_SMTP,
     .codes = "220 250 0 0 0 0"},
    {.name = "chatter without end behind QUIT",
     .steps = {SAYS("554 no"), HEARS("QUIT"), SAYS("221 bye"), FLOODS("221 bye\r\n")},
     .in_one_segment = true,
     .outcome = OUTCOME_GREETING_REJECTED,
     .codes = "554 0 0 0 0 221"},
    {.name = "HelloRequests instead of a ServerHello",
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), {FLOOD, "\x16\x03\x03\0\4\0\0\0\0", 9}},
     .in_one_segment = true,
     .outcome = OUTCOME_TLS_PROTOCOL_ERROR,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED,
     .error_text = "more handshake messages than a session needs"},
    {.name = "KeyUpdates behind the handshake, RFC 8446 section 4.6.3",
     .steps = {GREET, OFFER, GO, INSIDE, DOES(KEY_UPDATES)},
     .in_one_segment = true,
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED,
     .error_text = "more handshake messages than a session needs"},
    {.name = "tickets behind the handshake, RFC 8446 section 4.6.1",
     .steps = {GREET, OFFER, GO, INSIDE, DOES(TICKETS)},
     .in_one_segment = true,
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED,
     .error_text = "more handshake messages than a session needs"},
    {.name = "HelloRequests behind the handshake, RFC 5246 section 7.4.1.1",
     .steps = {GREET, OFFER, GO, DOES(TLS_1_2), HEARS("EHLO scanner.test"), DOES(RENEGOTIATE)},
     .in_one_segment = true,
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED,
     .error_text = "more handshake messages than a session needs"},
    {.name = "replies without end inside TLS",
     .steps = {GREET,
               OFFER,
               GO,
               INSIDE,
               SAYS("250 mx.test"),
               HEARS("QUIT"),
               {FLOOD_TLS, "250-mx.test\r\n", 0}},
     .in_one_segment = true,
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 250 250",
     .starttls = STARTTLS_OFFERED,
     .error_text = "more octets than a session needs"},
    {.name = "octets without end when all is over",
     .steps = {GREET, OFFER, GO, INSIDE, SAYS("250 mx.test"), HEARS("QUIT"), SAYS("221 bye"),
               FLOODS("\x17\x03\x03")},
     .in_one_segment = true,
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 250 221",
     .starttls = STARTTLS_OFFERED,
     .error_text = "more octets than a session needs"},
    {.name = "alerts without end instead of an answer to a hello",
     .hello = 0x0302,
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), {FLOOD, "\x15\x03\x03\0\2\x01\x70", 7}},
     .in_one_segment = true,
     .outcome = OUTCOME_TLS_PROTOCOL_ERROR,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED,
     .answer = HELLO_NONE},

    /* octets that wait in the kernel are read before anybody is late */
    {.name = "we stood still while the greeting came",
     .steps = {GREET, STALL, OFFER, GO, INSIDE, SAYS("250 mx.test"), BYE},
     .patience = SHORT_GREETING,
     .in_one_segment = true,
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 250 221",
     .starttls = STARTTLS_OFFERED},
    {.name = "we stood still while the connection was made",
     .steps = {STALL, GREET, OFFER, GO, INSIDE, SAYS("250 mx.test"), BYE},
     .patience = SHORT_CONNECT,
     .in_one_segment = true,
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 250 221",
     .starttls = STARTTLS_OFFERED},

    /* up to where the server waits */
    {.name = "short, TLS 1.3: an end in order",
     .made_short = true,
     .steps = {GREET, OFFER, GO, DOES(TLS)},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "short, TLS 1.2: an end in order",
     .made_short = true,
     .steps = {GREET, OFFER, GO, DOES(TLS_1_2)},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "short, an alert",
     .made_short = true,
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), RECORD("\x15\x03\x03\x00\x02\x02\x28"),
               DOES(CLOSE)},
     .outcome = OUTCOME_TLS_ALERT,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED,
     .error_text = "an alert"},
    {.name = "short, TLS 1.1, and the server stays",
     .made_short = true,
     .steps = {GREET, OFFER, GO, DOES(SWALLOW),
               RECORD("\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02"
                      "0123456789abcdef0123456789abcdef\x00\x00\x2f\x00"),
               DOES(SILENT)},
     .outcome = OUTCOME_TLS_PROTOCOL_ERROR,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED,
     .error_text = "a version other than TLS 1.2 and 1.3"},
    {.name = "short, a close",
     .made_short = true,
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), DOES(CLOSE)},
     .outcome = OUTCOME_TLS_CLOSED,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "short, a reset",
     .made_short = true,
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), DOES(RESET)},
     .outcome = OUTCOME_TLS_RESET,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED,
     .sys = UV_ECONNRESET},
    {.name = "short, silence",
     .made_short = true,
     .steps = {GREET, OFFER, HURRY_TLS, GO, DOES(SILENT)},
     .outcome = OUTCOME_TLS_TIMEOUT,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "short, it comes to no TLS",
     .made_short = true,
     .steps = {GREET, OFFER, HEARS("STARTTLS"), SAYS("454 not now"), BYE},
     .outcome = OUTCOME_STARTTLS_TEMPFAIL,
     .codes = "220 250 0 454 0 221",
     .starttls = STARTTLS_TEMPFAIL},
    {.name = "short, abort",
     .made_short = true,
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), ABORT},
     .outcome = OUTCOME_LOCAL_FAULT,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},

    /* a ClientHello alone */
    {.name = "a version is accepted: an end in order",
     .hello = 0x0304,
     .sni = "mx.test",
     .steps = {GREET, OFFER, GO, DOES(TLS)},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED,
     .answer = HELLO_ACCEPTED,
     .version = 0x0304},
    {.name = "a version is accepted, implicit TLS",
     .hello = 0x0303,
     .implicit_tls = true,
     .steps = {DOES(TLS)},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "0 0 0 0 0 0",
     .starttls = STARTTLS_OFFERED,
     .answer = HELLO_ACCEPTED,
     .version = 0x0303},
    {.name = "a version is accepted, and the server stays",
     .hello = 0x0302,
     .steps = {GREET, OFFER, GO, DOES(SWALLOW),
               RECORD("\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02"
                      "0123456789abcdef0123456789abcdef\x00\x00\x2f\x00"),
               DOES(SILENT)},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED,
     .answer = HELLO_ACCEPTED,
     .version = 0x0302},
    {.name = "no version is accepted",
     .hello = 0x0302,
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), RECORD("\x15\x03\x03\x00\x02\x02\x46"),
               DOES(CLOSE)},
     .outcome = OUTCOME_TLS_NO_SHARED_VERSION,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED,
     .answer = HELLO_REFUSED},
    {.name = "a hello is answered by a close",
     .hello = 0x0302,
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), DOES(CLOSE)},
     .outcome = OUTCOME_TLS_CLOSED,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED,
     .answer = HELLO_DECLINED},
    {.name = "a hello is answered by a reset",
     .hello = 0x0302,
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), DOES(RESET)},
     .outcome = OUTCOME_TLS_RESET,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED,
     .sys = UV_ECONNRESET,
     .answer = HELLO_DECLINED},
    {.name = "a hello is not answered",
     .hello = 0x0302,
     .steps = {GREET, OFFER, HURRY_TLS, GO, DOES(SILENT)},
     .outcome = OUTCOME_TLS_TIMEOUT,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "a hello is answered in SMTP",
     .hello = 0x0302,
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), SAYS("500 what is this"), DOES(CLOSE)},
     .outcome = OUTCOME_TLS_PROTOCOL_ERROR,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "it comes to no hello",
     .hello = 0x0302,
     .steps = {GREET, OFFER, HEARS("STARTTLS"), SAYS("454 not now"), BYE},
     .outcome = OUTCOME_STARTTLS_TEMPFAIL,
     .codes = "220 250 0 454 0 221",
     .starttls = STARTTLS_TEMPFAIL},
    {.name = "abort while the answer is awaited",
     .hello = 0x0302,
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), ABORT},
     .outcome = OUTCOME_LOCAL_FAULT,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},

    /* session_abort() */
    {.name = "abort while connecting",
     .target = ABORT_CONNECTING,
     .outcome = OUTCOME_LOCAL_FAULT,
     .codes = "0 0 0 0 0 0"},
    {.name = "abort after a failure at once",
     .target = ABORT_FAILED,
     .outcome = OUTCOME_LOCAL_FAULT,
     .codes = "0 0 0 0 0 0",
     .sys = UV_ENETUNREACH},
    {.name = "abort before the greeting",
     .steps = {ABORT},
     .outcome = OUTCOME_LOCAL_FAULT,
     .codes = "0 0 0 0 0 0"},
    {.name = "abort after EHLO",
     .steps = {GREET, HEARS("EHLO"), ABORT},
     .outcome = OUTCOME_LOCAL_FAULT,
     .codes = "220 0 0 0 0 0"},
    {.name = "abort in the handshake",
     .steps = {GREET, OFFER, GO, DOES(SWALLOW), ABORT},
     .outcome = OUTCOME_LOCAL_FAULT,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
    {.name = "abort after the handshake",
     .steps = {GREET, OFFER, GO, INSIDE, ABORT},
     .outcome = OUTCOME_ESTABLISHED,
     .codes = "220 250 0 220 0 0",
     .starttls = STARTTLS_OFFERED},
};

/* What a worker is to its sessions. */
struct bench {
    uv_loop_t loop;
    struct wheel wheel;
    struct wheel_loop deadlines;
    struct session_environment env;
    struct test_cert cert;
    uint8_t room[65536];
    int full_listener;
    int fillers[FILLERS];
    uint16_t full_port;
    int bound_only; /* bound and not listening: refuses, and nobody else can take the port */
    uint16_t closed_port;
    /* of the session under way */
    struct smtp_peer peer;
    struct session *session;
    bool starting; /* inside session_start() */
    int calls;     /* of the completion callback */
};

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in name;
    CHECK(uv_ip4_addr("127.0.0.1", port, &name) == 0);
    return name;
}

static int bound_socket(uint16_t *port)
{
    struct sockaddr_in name = loopback(0);
    socklen_t len = sizeof(name);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&name, &len) == 0);
    *port = ntohs(name.sin_port);
    return fd;
}

/* Linux drops SYNs to a listener whose queue of connections is full. */
static void open_full_listener(struct bench *b)
{
    b->full_listener = bound_socket(&b->full_port);
    CHECK(listen(b->full_listener, 0) == 0);
    struct sockaddr_in name = loopback(b->full_port);
    for (size_t i = 0; i < FILLERS; i++) {
        b->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        CHECK(b->fillers[i] >= 0);
        (void)connect(b->fillers[i], (struct sockaddr *)&name, sizeof(name));
    }
}

static void bench_init(struct bench *b)
{
    tls_process_init();
    CHECK(uv_loop_init(&b->loop) == 0);
    wheel_init(&b->wheel, uv_now(&b->loop), TICK_MS);
    b->env = (struct session_environment){
        .loop = &b->loop,
        .wheel = &b->wheel,
        .tls = tls_context_new(false),
        .ehlo_domain = "scanner.test",
        .read_room = b->room,
        .read_room_len = sizeof(b->room),
        .out = BUF_INIT(SESSION_OUT_MAX),
        .plain = BUF_INIT(SESSION_PLAIN_MAX),
    };
    CHECK(tls_context_enable_short_handshakes(b->env.tls));
    b->cert = test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test"});
    open_full_listener(b);
    b->bound_only = bound_socket(&b->closed_port);
}

static void bench_deinit(struct bench *b)
{
    for (size_t i = 0; i < FILLERS; i++) {
        (void)close(b->fillers[i]);
    }
    (void)close(b->full_listener);
    (void)close(b->bound_only);
    session_environment_deinit(&b->env);
    test_cert_free(&b->cert);
    tls_context_free(b->env.tls);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    cr_expect_eq(uv_loop_close(&b->loop), 0, "a handle was left open");
}

static void on_hook(void *arg, const char *text)
{
    struct bench *b = arg;
    if (strcmp(text, "abort") == 0) {
        session_abort(b->session);
        session_abort(b->session); /* the second time does nothing */
    } else if (strcmp(text, "stall") == 0) {
        (void)usleep(3 * SHORT_MS * 1000);
    } else if (strcmp(text, "short tls") == 0) {
        b->env.tls_timeout_ms = SHORT_MS;
    } else {
        b->env.reply_timeout_ms = SHORT_MS;
    }
}

static void on_done(void *arg, struct session *s)
{
    struct bench *b = arg;
    cr_expect_not(b->starting, "never from inside session_start()");
    cr_expect_eq(s, b->session);
    b->calls++;
    wheel_loop_stop(&b->deadlines);
    smtp_peer_stop(&b->peer);
}

static void set_patience(struct session_environment *env, enum patience p)
{
    env->connect_timeout_ms = p == SHORT_CONNECT ? SHORT_MS : PATIENT_MS;
    env->greeting_timeout_ms = p == SHORT_GREETING ? SHORT_MS : PATIENT_MS;
    env->reply_timeout_ms = PATIENT_MS;
    env->tls_timeout_ms = p == SHORT_TLS ? SHORT_MS : PATIENT_MS;
    env->target_timeout_ms = p == SHORT_TARGET ? SHORT_MS : 2 * PATIENT_MS;
}

static struct session_target target_of(const struct bench *b, const struct session_case *c,
                                       uint16_t peer_port)
{
    struct session_target t = {.dial_address = net_addr_v4((const uint8_t[]){127, 0, 0, 1}),
                               .dial_port = peer_port,
                               .implicit_tls = c->implicit_tls,
                               .sni = c->sni,
                               .short_handshake = c->made_short,
                               .hello_max_version = c->hello};
    switch (c->target) {
    case TO_PEER:
    case NO_DESCRIPTORS:
        break;
    case TO_CLOSED_PORT:
        t.dial_port = b->closed_port;
        break;
    case TO_FULL_BACKLOG:
    case ABORT_CONNECTING:
        t.dial_port = b->full_port;
        break;
    case TO_BROADCAST:
    case ABORT_FAILED:
        t.dial_address = net_addr_v4((const uint8_t[]){255, 255, 255, 255});
        break;
    case FROM_FOREIGN:
        t.local = net_addr_v4((const uint8_t[]){192, 0, 2, 1});
        break;
    case FROM_127_0_0_2:
        t.local = net_addr_v4((const uint8_t[]){127, 0, 0, 2});
        break;
    }
    return t;
}

static void start(struct bench *b, const struct session_case *c, const struct session_target *t)
{
    struct rlimit all;
    CHECK(getrlimit(RLIMIT_NOFILE, &all) == 0);
    if (c->target == NO_DESCRIPTORS) {
        int next = dup(0);
        CHECK(next >= 0 && close(next) == 0);
        struct rlimit none = {.rlim_cur = (rlim_t)next, .rlim_max = all.rlim_max};
        CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    }
    b->starting = true;
    b->session = session_start(&b->env, t, on_done, b);
    b->starting = false;
    CHECK(setrlimit(RLIMIT_NOFILE, &all) == 0);
    if (c->target == ABORT_CONNECTING || c->target == ABORT_FAILED) {
        session_abort(b->session);
    }
}

static void expect_times(const struct session_case *c, const struct seen_session *seen)
{
    bool connected = seen->connect_ms >= 0;
    cr_expect_eq(connected, seen->source.family != 0, "%s", c->name);
    cr_expect_geq(seen->total_ms, connected ? seen->connect_ms : 0, "%s", c->name);
    bool timeout = strstr(outcome_info(seen->outcome)->word, "timeout") != NULL;
    cr_expect(!timeout || (seen->total_ms >= SHORT_MS && seen->total_ms < PATIENT_MS), "%s: %d ms",
              c->name, seen->total_ms);
    for (size_t i = 0; i < SMTP_STEP_COUNT; i++) {
        const struct seen_reply *r = &seen->smtp.reply[i];
        cr_expect(r->ms < 0 || r->code != 0, "%s: reply %zu", c->name, i);
        cr_expect_leq(r->ms, seen->total_ms, "%s: reply %zu", c->name, i);
    }
}

static void expect_seen(const struct bench *b, const struct session_case *c,
                        const struct seen_session *seen)
{
    char codes[64] = "";
    for (size_t i = 0; i < SMTP_STEP_COUNT; i++) {
        size_t len = strlen(codes);
        (void)snprintf(codes + len, sizeof(codes) - len, "%s%u", i > 0 ? " " : "",
                       seen->smtp.reply[i].code);
    }
    const struct smtp_peer *p = &b->peer;
    const char *word = outcome_info(seen->outcome)->word;
    bool in_tls = strncmp(word, "tls_", 4) == 0 || seen->outcome == OUTCOME_ESTABLISHED;
    cr_expect_eq(seen->outcome, c->outcome, "%s: %s", c->name, word);
    cr_expect(c->error_text == NULL || strcmp(seen->tls.error_text, c->error_text) == 0, "%s: %s",
              c->name, seen->tls.error_text);
    cr_expect_leq(seen->octets_in, SESSION_OCTETS_MAX + sizeof(b->room), "%s", c->name);
    cr_expect(c->codes == NULL || strcmp(codes, c->codes) == 0, "%s: %s", c->name, codes);
    cr_expect_eq(seen->smtp.starttls, c->starttls, "%s: %s", c->name,
                 starttls_word(seen->smtp.starttls));
    cr_expect_eq(seen->sys, c->sys, "%s: %d", c->name, seen->sys);
    cr_expect_eq(seen->sni, c->sni != NULL, "%s", c->name);
    bool completed = seen->outcome == OUTCOME_ESTABLISHED && c->hello == 0;
    cr_expect(seen->tls_attempted || !in_tls || c->hello != 0, "%s", c->name);
    cr_expect_eq(seen->tls.completed, completed, "%s", c->name);
    cr_expect_eq(seen->tls.short_flight, completed && c->made_short, "%s", c->name);
    cr_expect(!completed || !c->made_short || p->eof, "%s: FIN, not RST", c->name);
    cr_expect_eq(seen->tls.cert_count, completed ? 1 : 0, "%s", c->name);
    cr_expect_eq(seen->hello.attempted, c->hello != 0, "%s", c->name);
    cr_expect_eq(seen->hello.max_version, c->hello, "%s", c->name);
    cr_expect_eq(seen->hello.answer, c->answer, "%s: %d", c->name, seen->hello.answer);
    cr_expect_eq(seen->hello.version, c->version, "%s: %04x", c->name, seen->hello.version);
    cr_expect(c->answer != HELLO_ACCEPTED || p->eof, "%s: FIN, not RST", c->name);
    cr_expect_gt(seen->started_unix_ms, 0);
    expect_times(c, seen);
    cr_expect_str_empty(p->wrong, "%s: a line that was not asked for", c->name);
    cr_expect(!p->eof || p->received == seen->octets_out, "%s: %zu of %u octets", c->name,
              p->received, seen->octets_out);
    if (completed) {
        cr_expect_str_eq(p->sni, c->sni != NULL ? c->sni : "", "%s", c->name);
    }
    if (c->target == FROM_127_0_0_2) {
        cr_expect_eq(seen->source.octets[3], 2, "%s", c->name);
    }
}

static void run_case(struct bench *b, const struct session_case *c, bool octetwise)
{
    b->calls = 0;
    set_patience(&b->env, c->patience);
    uint16_t port = smtp_peer_start(&b->peer, &b->loop, c->steps, &b->cert, octetwise);
    b->peer.hook = on_hook;
    b->peer.hook_arg = b;
    struct session_target target = target_of(b, c, port);
    uv_update_time(&b->loop);
    wheel_loop_start(&b->deadlines, &b->loop, &b->wheel);
    start(b, c, &target);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    cr_assert_eq(b->calls, 1, "%s: the callback ran %d times", c->name, b->calls);
    cr_expect_eq(b->wheel.count, 0, "%s: a timer was left", c->name);
    expect_seen(b, c, session_seen(b->session));
    session_release(&b->env, b->session);
    smtp_peer_deinit(&b->peer);
}

Test(session, ends_once_with_the_first_cause)
{
    static struct bench b;
    bool reached[OUTCOME_COUNT] = {
        [OUTCOME_NOT_TESTED] = true,
        [OUTCOME_UNREACHABLE] = true, /* needs a router: test_connect_outcome.c */
    };
    bench_init(&b);
    for (size_t i = 0; i < COUNT(cases); i++) {
        run_case(&b, &cases[i], false);
        reached[cases[i].outcome] = true;
    }
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        cr_expect(reached[o], "no case for %s", outcome_info((enum session_outcome)o)->word);
    }
    bench_deinit(&b);
}

/* TCP may cut anywhere. Twice, the second time in the opposite order, so that each session gets
 * memory that another kind of session used before: over 100 sessions out of one. */
Test(session, ends_the_same_octet_by_octet_and_in_used_memory)
{
    static struct bench b;
    struct session *first = NULL;
    bench_init(&b);
    for (size_t i = 0; i < 2 * COUNT(cases); i++) {
        const struct session_case *c = &cases[i < COUNT(cases) ? i : 2 * COUNT(cases) - 1 - i];
        if (!c->in_one_segment) {
            run_case(&b, c, true);
            first = first != NULL ? first : b.session;
            cr_expect_eq(b.session, first, "%s: memory is used again", c->name);
        }
    }
    bench_deinit(&b);
}
