#include "scanner/probe/session.h"

#include <errno.h>
#include <netinet/in.h>
#include <time.h>

#include "scanner/base/clock.h"
#include "scanner/base/container.h"
#include "scanner/base/memory.h"
#include "scanner/base/net_route.h"
#include "scanner/probe/connect_outcome.h"
#include "scanner/smtp/dialog.h"
#include "scanner/tls/short_handshake.h"
#include "scanner/tls/version_probe.h"

#define OUT_KEEP      (4 * 1024) /* octets of memory that stay for what is sent */
#define QUIT_WAIT_MS  5000       /* RFC 5321 4.5.3.2 has no bound for QUIT; nothing depends on it */
#define CLOSE_WAIT_MS 1000       /* the server closes first, so that TIME_WAIT is not ours */

enum session_stage {
    STAGE_CONNECTING,
    STAGE_TALKING,
    STAGE_LINGERING, /* the dialogue is over, the server's FIN is awaited */
    STAGE_CLOSING,   /* session_finish() was called */
};

struct session {
    uv_tcp_t tcp;
    uv_connect_t connect;
    struct wheel_timer timer;
    struct wheel_timer resume;       /* of reading */
    struct session_environment *env; /* borrowed */
    struct net_addr peer;            /* as dialled */
    struct net_addr local;           /* asked for; family 0: the system chooses */
    session_done_fn done;
    void *arg;
    uint32_t tag;
    struct session *next_idle;
    enum session_stage stage;
    enum dialog_state timed_state; /* the state that the timer was set for */
    bool implicit_tls;
    bool made_short;
    bool tls_usable; /* the handshake completed: octets go through it */
    bool cut;
    uint64_t started_ms;
    uint64_t stage_ms; /* when the present state began */
    int32_t tls_ms;    /* ClientHello to the end of the handshake; -1: not over */
    bool dialog_used;  /* `dialog` was initialised, now or by an earlier session */
    struct dialog dialog;
    enum handshake_key key;
    struct handshake *handshake;   /* NULL until TLS begins */
    struct short_handshake *brief; /* instead of it, as the next */
    struct version_probe *probe;   /* when only a hello is sent */
    struct suite_list hello_suites;
    uv_shutdown_t shutdown;
    struct buf list; /* seen.tls.list, once the handshake is no longer needed */
    struct seen_session seen;
    char sni[256];
};

static void session_on_closed(uv_handle_t *handle)
{
    struct session *s = handle->data;
    s->done(s->arg, s);
}

#define LIST_LENGTH_LEN 3 /* octets in front of the list: RFC 5246 section 7.4.2 */

static void stage_list(struct seen_tls *tls, const struct staged_list *staged)
{
    tls->list_truncated = false;
    tls->list_malformed = false;
    tls->list = staged->list;
    tls->cert_count = staged->cert_count;
    tls->certificate_octets = LIST_LENGTH_LEN + (uint32_t)staged->list.len;
    memcpy(tls->chain_id, staged->chain_id, sizeof(tls->chain_id));
    memcpy(tls->leaf_sha256, staged->leaf_sha256, sizeof(tls->leaf_sha256));
}

/* Once nothing more goes through it: the session may yet wait for the server's FIN, and its row for others;
 * the TLS objects, some 40 KB of them, do not. */
static void keep_handshake(struct session *s, const struct seen_tls *seen)
{
    s->seen.tls_attempted = true;
    s->seen.tls = *seen;
    s->seen.tls.ms = s->tls_ms;
    if (s->env->staged != NULL && s->seen.tls.completed) {
        stage_list(&s->seen.tls, s->env->staged);
    }
    buf_put(&s->list, s->seen.tls.list);
    buf_trim(&s->list);
    s->seen.tls.list = buf_span(&s->list);
    handshake_free(s->handshake);
    short_handshake_free(s->brief);
    s->handshake = NULL;
    s->brief = NULL;
}

static void keep_probe(struct session *s)
{
    s->seen.hello = *version_probe_seen(s->probe);
    version_probe_free(s->probe);
    s->probe = NULL;
}

static void leave_tls(struct session *s)
{
    if (s->handshake != NULL) {
        keep_handshake(s, handshake_seen(s->handshake));
    }
    if (s->brief != NULL) {
        keep_handshake(s, short_handshake_seen(s->brief));
    }
    if (s->probe != NULL) {
        keep_probe(s);
    }
}

static void session_linger(struct session *s)
{
    s->stage = STAGE_LINGERING;
    leave_tls(s);
}

static void session_finish(struct session *s, bool reset)
{
    CHECK(s->stage != STAGE_CLOSING);
    s->stage = STAGE_CLOSING;
    wheel_clear(s->env->wheel, &s->timer);
    wheel_clear(s->env->wheel, &s->resume);
    buf_reset(&s->env->out); /* what was not sent is not the next one's */
    s->seen.total_ms = (int32_t)(uv_now(s->env->loop) - s->started_ms);
    if (s->stage_ms != 0) { /* connected: there was a dialogue */
        s->seen.smtp = s->dialog.seen;
    }
    leave_tls(s);
    if (s->seen.outcome == OUTCOME_NOT_TESTED) {
        s->seen.outcome = s->dialog.outcome; /* decided by the conversation */
    }
    CHECK(s->seen.outcome != OUTCOME_NOT_TESTED);
    if (!reset || uv_tcp_close_reset(&s->tcp, session_on_closed) != 0) {
        uv_close((uv_handle_t *)&s->tcp, session_on_closed);
    }
}

/* Ends a session that never became a conversation. */
static void finish_unconnected(struct session *s, int sys)
{
    s->seen.sys = sys;
    /* A refusal came by one. */
    bool has_route = sys == UV_ECONNREFUSED || net_route_exists(&s->peer, &s->local);
    s->seen.outcome = connect_outcome(sys, has_route);
    s->cut = s->seen.outcome != OUTCOME_REFUSED;
    session_finish(s, false);
}

struct pending_write {
    uv_write_t request;
    uint8_t octets[];
};

static void on_written(uv_write_t *request, int status)
{
    (void)status; /* a broken connection shows in reading */
    free(CONTAINER_OF(request, struct pending_write, request));
}

static void send_out(struct session *s)
{
    if (s->env->out.len == 0) {
        return;
    }
    s->seen.octets_out += (uint32_t)s->env->out.len;
    uv_buf_t whole = uv_buf_init((char *)s->env->out.at, (unsigned)s->env->out.len);
    int sent = uv_try_write((uv_stream_t *)&s->tcp, &whole, 1);
    size_t done = sent > 0 ? (size_t)sent : 0;
    if (done < s->env->out.len && (sent >= 0 || sent == UV_EAGAIN)) {
        size_t left = s->env->out.len - done;
        struct pending_write *w = memory_new(1, sizeof(*w) + left);
        memcpy(w->octets, s->env->out.at + done, left);
        uv_buf_t rest = uv_buf_init((char *)w->octets, (unsigned)left);
        if (uv_write(&w->request, (uv_stream_t *)&s->tcp, &rest, 1, on_written) != 0) {
            free(w);
        }
    }
    buf_reset_trim(&s->env->out, OUT_KEEP);
}

static uint32_t state_timeout_ms(const struct session *s)
{
    switch (s->dialog.state) {
    case DIALOG_GREETING:
        return s->env->greeting_timeout_ms;
    case DIALOG_EHLO:
    case DIALOG_HELO:
    case DIALOG_STARTTLS:
    case DIALOG_EHLO_TLS:
        return s->env->reply_timeout_ms;
    case DIALOG_TLS:
        return s->env->tls_timeout_ms;
    case DIALOG_QUIT:
        return s->env->reply_timeout_ms < QUIT_WAIT_MS ? s->env->reply_timeout_ms : QUIT_WAIT_MS;
    case DIALOG_DONE:
    case DIALOG_FAILED:
        return CLOSE_WAIT_MS;
    }
    UNREACHABLE("unknown dialog_state");
}

/* The time of a state runs from its beginning, never from the last octet: a peer cannot
 * stretch it by dripping. */
static void set_timer(struct session *s)
{
    uint64_t due = s->stage_ms + state_timeout_ms(s);
    uint64_t last = s->started_ms + s->env->target_timeout_ms;
    wheel_set(s->env->wheel, &s->timer, due < last ? due : last);
    s->timed_state = s->dialog.state;
}

static void note_state_change(struct session *s)
{
    if (s->dialog.state != s->timed_state) {
        s->stage_ms = uv_now(s->env->loop);
        set_timer(s);
    }
}

static void begin_tls(struct session *s)
{
    const char *sni = s->sni[0] != '\0' ? s->sni : NULL;
    if (s->seen.hello.attempted) {
        s->probe = version_probe_new(s->seen.hello.max_version, sni);
        if (s->hello_suites.count > 0) {
            version_probe_offer(s->probe, s->hello_suites);
        }
        version_probe_hello(s->probe, &s->env->out);
        return;
    }
    if (s->made_short) {
        s->brief = short_handshake_new(s->env->tls);
    }
    if (s->brief != NULL) {
        short_handshake_hello(s->brief, &s->env->out);
        return;
    }
    s->handshake = handshake_new(s->env->tls, sni);
    handshake_limit_key(s->handshake, s->key);
    CHECK(handshake_step(s->handshake, (struct span){0}, &s->env->out) == HANDSHAKE_MORE);
}

/* The server is in the middle of a handshake: it hears the end and gets the time to close. A close
 * with its flight unread would be a reset. */
static void end_in_handshake(struct session *s)
{
    if (s->probe != NULL) {
        version_probe_goodbye(s->probe, &s->env->out);
    } else {
        short_handshake_goodbye(s->brief, &s->env->out);
    }
    send_out(s);
    if (uv_shutdown(&s->shutdown, (uv_stream_t *)&s->tcp, NULL) != 0) {
        session_finish(s, false);
        return;
    }
    session_linger(s);
}

/* After any event: sends what is to be sent and moves on where the dialogue leads. */
static void advance(struct session *s)
{
    if (s->dialog.state == DIALOG_TLS && s->handshake == NULL && s->probe == NULL &&
        s->brief == NULL) {
        begin_tls(s);
    }
    if (s->dialog.out.len > 0) {
        if (!s->tls_usable) {
            (void)buf_append(&s->env->out, buf_span(&s->dialog.out));
        } else if (!handshake_write(s->handshake, buf_span(&s->dialog.out), &s->env->out)) {
            dialog_closed(&s->dialog, false);
        }
        buf_reset(&s->dialog.out);
    }
    note_state_change(s);
    if (dialog_wants_close(&s->dialog)) {
        if (s->probe != NULL || s->brief != NULL) {
            end_in_handshake(s);
            return;
        }
        if (s->tls_usable) {
            handshake_shutdown(s->handshake, &s->env->out);
        }
        send_out(s);
        if (s->dialog.state == DIALOG_FAILED) {
            session_finish(s, false);
        } else {
            session_linger(s);
        }
        return;
    }
    send_out(s);
}

static void stamp(struct session *s)
{
    dialog_stamp(&s->dialog, (int32_t)(uv_now(s->env->loop) - s->stage_ms));
}

static void feed_dialog(struct session *s, struct span octets)
{
    if (octets.len > 0) {
        dialog_feed(&s->dialog, octets);
        stamp(s);
    }
}

static void feed_plain(struct session *s, struct span in)
{
    bool closed = false;
    buf_reset(&s->env->plain);
    bool whole = handshake_read(s->handshake, in, &s->env->plain, &s->env->out, &closed);
    feed_dialog(s, buf_span(&s->env->plain));
    if (!whole || closed) {
        dialog_closed(&s->dialog, false);
    }
}

static void feed_handshake(struct session *s, struct span in)
{
    switch (handshake_step(s->handshake, in, &s->env->out)) {
    case HANDSHAKE_MORE:
        break;
    case HANDSHAKE_DONE:
        s->tls_ms = (int32_t)(uv_now(s->env->loop) - s->stage_ms);
        s->tls_usable = true;
        dialog_tls_established(&s->dialog);
        feed_plain(s, (struct span){0}); /* what came with the last flight, e.g. tickets */
        break;
    case HANDSHAKE_FAILED:
        s->tls_ms = (int32_t)(uv_now(s->env->loop) - s->stage_ms);
        dialog_tls_failed(&s->dialog, handshake_outcome(s->handshake));
        break;
    }
}

static void feed_probe(struct session *s, struct span in)
{
    if (version_probe_feed(s->probe, in)) {
        dialog_tls_failed(&s->dialog, version_probe_outcome(s->probe));
    }
}

static void conclude_brief(struct session *s)
{
    s->tls_ms = (int32_t)(uv_now(s->env->loop) - s->stage_ms);
    dialog_tls_failed(&s->dialog, short_handshake_outcome(s->brief));
}

static void feed_brief(struct session *s, struct span in)
{
    if (short_handshake_feed(s->brief, in, &s->env->out) != SHORT_MORE) {
        conclude_brief(s);
    }
}

/* Between the ClientHello and the end of the handshake, or the answer. */
static bool tls_is_underway(const struct session *s)
{
    return s->probe != NULL || s->brief != NULL || (s->handshake != NULL && !s->tls_usable);
}

static void give_tls_up(struct session *s, bool reset, bool timeout)
{
    if (s->probe != NULL) {
        version_probe_peer_gone(s->probe, reset, timeout);
        dialog_tls_failed(&s->dialog, version_probe_outcome(s->probe));
        return;
    }
    if (s->brief != NULL) {
        short_handshake_peer_gone(s->brief, reset, timeout);
        conclude_brief(s);
        return;
    }
    handshake_peer_gone(s->handshake, reset, timeout);
    s->tls_ms = (int32_t)(uv_now(s->env->loop) - s->stage_ms);
    dialog_tls_failed(&s->dialog, handshake_outcome(s->handshake));
}

/* What was decided stays; what was not is decided now. */
static void end_flood(struct session *s)
{
    if (s->handshake != NULL) {
        handshake_octets_exceeded(s->handshake);
    } else if (s->tls_usable) { /* it was left: the session lingers */
        handshake_note_octets_exceeded(&s->seen.tls);
    }
    if (s->probe != NULL) {
        version_probe_octets_exceeded(s->probe);
    }
    if (s->brief != NULL) {
        short_handshake_octets_exceeded(s->brief);
    }
    if (s->stage != STAGE_LINGERING && tls_is_underway(s)) {
        give_tls_up(s, false, false);
    } else if (s->stage != STAGE_LINGERING) {
        dialog_octets_exceeded(&s->dialog);
    }
    session_finish(s, true);
}

static void on_octets(struct session *s, struct span in)
{
    s->seen.octets_in += (uint32_t)in.len; /* at most a read beyond the bound */
    if (s->seen.octets_in > SESSION_OCTETS_MAX) {
        end_flood(s);
        return;
    }
    if (s->stage == STAGE_LINGERING) {
        return; /* close_notify, or chatter after the end */
    }
    if (s->tls_usable) {
        feed_plain(s, in);
    } else if (s->handshake != NULL) {
        feed_handshake(s, in);
    } else if (s->probe != NULL) {
        feed_probe(s, in);
    } else if (s->brief != NULL) {
        feed_brief(s, in);
    } else {
        feed_dialog(s, in);
    }
    advance(s);
}

/* Whether a reset waits on the socket. EPIPE is none: the peer had closed in order, and resets
 * because of what we sent after that. */
static bool was_reset(const struct session *s)
{
    uv_os_fd_t fd = -1;
    int err = 0;
    socklen_t len = sizeof(err);
    return uv_fileno((const uv_handle_t *)&s->tcp, &fd) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) == 0 && err == ECONNRESET;
}

static void on_gone(struct session *s, int why)
{
    if (s->stage == STAGE_LINGERING) {
        session_finish(s, false);
        return;
    }
    /* libuv tells EOF for a reset that came together with octets. */
    why = why == UV_EOF && was_reset(s) ? UV_ECONNRESET : why;
    bool reset = why != UV_EOF;
    s->cut = reset;
    s->seen.sys = reset ? why : 0;
    if (tls_is_underway(s)) {
        give_tls_up(s, reset, false);
    } else {
        dialog_closed(&s->dialog, reset);
    }
    session_finish(s, false);
}

static void on_timer(struct wheel_timer *t)
{
    struct session *s = CONTAINER_OF(t, struct session, timer);
    s->cut = s->stage != STAGE_LINGERING;
    if (s->stage == STAGE_CONNECTING) {
        s->seen.sys = UV_ETIMEDOUT;
        s->seen.outcome = OUTCOME_CONNECT_TIMEOUT;
        session_finish(s, false);
        return;
    }
    if (s->stage == STAGE_LINGERING || s->dialog.state == DIALOG_QUIT) {
        session_finish(s, s->stage != STAGE_LINGERING);
        return;
    }
    if (tls_is_underway(s)) {
        give_tls_up(s, false, true);
    } else {
        dialog_timeout(&s->dialog);
    }
    session_finish(s, true);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
    struct session *s = handle->data;
    (void)suggested;
    *room = uv_buf_init((char *)s->env->read_room, (unsigned)s->env->read_room_len);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *room);

static void on_resume(struct wheel_timer *t)
{
    struct session *s = CONTAINER_OF(t, struct session, resume);
    if (uv_read_start((uv_stream_t *)&s->tcp, on_room, on_read) != 0) {
        session_abort(s);
    }
}

/* The octets filled the room, and there may be more of them: others have their turn first. libuv
 * would go on reading, 32 times as much. */
static void pause_reading(struct session *s)
{
    (void)uv_read_stop((uv_stream_t *)&s->tcp);
    s->resume.on_due = on_resume;
    wheel_set(s->env->wheel, &s->resume, uv_now(s->env->loop));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *room)
{
    struct session *s = stream->data;
    if (s->stage == STAGE_CLOSING) {
        return;
    }
    if (n > 0) {
        on_octets(s, (struct span){(const uint8_t *)room->base, (size_t)n});
        if (s->stage != STAGE_CLOSING && (size_t)n == room->len) {
            pause_reading(s);
        }
    } else if (n < 0) {
        on_gone(s, (int)n);
    }
}

static void begin_dialog(struct session *s)
{
    if (s->dialog_used) {
        dialog_reset(&s->dialog, s->env->ehlo_domain, s->implicit_tls);
    } else {
        dialog_init(&s->dialog, s->env->ehlo_domain, s->implicit_tls);
        s->dialog_used = true;
    }
}

static void note_connected(struct session *s)
{
    s->seen.connect_ms = (int32_t)(uv_now(s->env->loop) - s->started_ms);
    struct sockaddr_storage name;
    int len = sizeof(name);
    uint16_t port = 0;
    if (uv_tcp_getsockname(&s->tcp, (struct sockaddr *)&name, &len) == 0) {
        (void)net_addr_from_sockaddr((struct sockaddr *)&name, &s->seen.source, &port);
    }
}

static void on_connected(uv_connect_t *request, int status)
{
    struct session *s = request->handle->data;
    if (s->stage == STAGE_CLOSING) {
        return; /* the timer was first */
    }
    if (status == UV_ECONNRESET || status == UV_EPIPE) {
        /* Linux says ECONNREFUSED of a RST to our SYN: here the connection was made, and reset
         * before we looked. */
        note_connected(s);
        s->cut = true;
        s->seen.sys = status;
        s->seen.outcome = OUTCOME_GREETING_CLOSED;
        session_finish(s, false);
        return;
    }
    if (status < 0) {
        finish_unconnected(s, status);
        return;
    }
    note_connected(s);
    s->stage = STAGE_TALKING;
    s->stage_ms = uv_now(s->env->loop);
    (void)uv_tcp_nodelay(&s->tcp, 1);
    begin_dialog(s);
    set_timer(s);
    if (uv_read_start((uv_stream_t *)&s->tcp, on_room, on_read) != 0) {
        s->seen.outcome = OUTCOME_LOCAL_FAULT;
        session_finish(s, true);
        return;
    }
    advance(s);
}

static int bind_local(struct session *s, const struct net_addr *local)
{
    uv_os_fd_t fd = -1;
    int on = 1;
    struct sockaddr_storage name;
    /* Without it a bound source runs out of ports after one ephemeral range, also towards
     * different destinations. Works for IPv6 sockets through IPPROTO_IP as well. */
    if (uv_fileno((uv_handle_t *)&s->tcp, &fd) == 0) {
        (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    }
    (void)net_addr_to_sockaddr(local, 0, &name);
    return uv_tcp_bind(&s->tcp, (const struct sockaddr *)&name, 0);
}

static int open_connection(struct session *s, const struct session_target *target)
{
    struct sockaddr_storage peer;
    (void)net_addr_to_sockaddr(&target->dial_address, target->dial_port, &peer);
    int err = 0;
    if (target->local.family != 0) {
        err = bind_local(s, &target->local);
    }
    if (err == 0) {
        err = uv_tcp_connect(&s->connect, &s->tcp, (const struct sockaddr *)&peer, on_connected);
    }
    return err;
}

/* The kernel said no before anything was sent: no socket, no route, a firewall, not our address. */
static void on_failed_at_once(struct wheel_timer *t)
{
    struct session *s = CONTAINER_OF(t, struct session, timer);
    s->seen.outcome = OUTCOME_LOCAL_FAULT;
    s->cut = true;
    session_finish(s, false);
}

static struct session *take_idle(struct session_environment *env)
{
    struct session *s = env->idle;
    if (s == NULL) {
        s = memory_new(1, sizeof(*s));
        s->list = BUF_INIT(TLS_LIST_MAX);
        return s;
    }
    env->idle = s->next_idle;
    return s;
}

struct session *session_start(struct session_environment *env, const struct session_target *target,
                              session_done_fn done, void *arg)
{
    struct session *s = take_idle(env);
    struct session kept = *s;
    *s = (struct session){.env = env, .done = done, .arg = arg, .tls_ms = -1};
    s->list = kept.list;
    s->dialog = kept.dialog;
    s->dialog_used = kept.dialog_used;
    s->implicit_tls = target->implicit_tls;
    s->tag = target->tag;
    s->key = target->key;
    s->made_short = target->short_handshake;
    s->hello_suites = target->hello_suites;
    s->peer = target->dial_address;
    s->local = target->local;
    s->seen.hello = (struct seen_hello){.attempted = target->hello_max_version != 0,
                                        .max_version = target->hello_max_version,
                                        .alert = -1};
    s->started_ms = uv_now(env->loop);
    s->stage = STAGE_CONNECTING;
    if (target->sni != NULL) {
        CHECK(strlen(target->sni) < sizeof(s->sni));
        memcpy(s->sni, target->sni, strlen(target->sni) + 1);
    }
    s->seen.started_unix_ms = clock_unix_ms();
    s->seen.sni = target->sni != NULL;
    s->seen.connect_ms = -1;
    for (size_t i = 0; i < SMTP_STEP_COUNT; i++) {
        s->seen.smtp.reply[i].ms = -1;
    }

    unsigned family = target->dial_address.family == 6 ? AF_INET6 : AF_INET;
    int err = uv_tcp_init_ex(env->loop, &s->tcp, family);
    if (err != 0) {
        err = uv_tcp_init(env->loop, &s->tcp); /* no descriptor: the handle is still to be closed */
        CHECK(err == 0);
        err = UV_EMFILE;
    }
    s->tcp.data = s;
    if (err == 0) {
        err = open_connection(s, target);
    }
    if (err != 0) { /* the callback must not run from inside this function */
        s->seen.sys = err;
        s->timer.on_due = on_failed_at_once;
        wheel_set(env->wheel, &s->timer, s->started_ms);
        return s;
    }
    s->timer.on_due = on_timer;
    uint32_t wait = env->connect_timeout_ms < env->target_timeout_ms ? env->connect_timeout_ms
                                                                     : env->target_timeout_ms;
    wheel_set(env->wheel, &s->timer, s->started_ms + wait);
    return s;
}

uint32_t session_tag(const struct session *s)
{
    return s->tag;
}

bool session_was_cut(const struct session *s)
{
    return s->cut;
}

const struct seen_session *session_seen(const struct session *s)
{
    return &s->seen;
}

void session_release(struct session_environment *env, struct session *s)
{
    CHECK(s->stage == STAGE_CLOSING);
    buf_deinit(&s->list); /* what few sessions need at once is not kept for all */
    s->next_idle = env->idle;
    env->idle = s;
}

void session_abort(struct session *s)
{
    if (s->stage == STAGE_CLOSING) {
        return;
    }
    if (s->stage == STAGE_CONNECTING || s->dialog.outcome == OUTCOME_NOT_TESTED) {
        s->seen.outcome = OUTCOME_LOCAL_FAULT;
    }
    session_finish(s, s->stage != STAGE_CONNECTING);
}

void session_environment_deinit(struct session_environment *env)
{
    while (env->idle != NULL) {
        struct session *s = env->idle;
        env->idle = s->next_idle;
        if (s->dialog_used) {
            dialog_deinit(&s->dialog);
        }
        free(s);
    }
    buf_deinit(&env->out);
    buf_deinit(&env->plain);
}
