#include "scanner/pipeline/worker.h"

#include "scanner/base/codec.h"
#include "scanner/base/memory.h"
#include "scanner/owners/waiting_time.h"
#include "scanner/pipeline/dialling.h"
#include "scanner/pipeline/member.h"
#include "scanner/pipeline/remembering.h"
#include "scanner/pipeline/rows_out.h"
#include "scanner/pipeline/worker_sessions.h"

#define TICK_MS          5 /* of the wheel: the finest deadline; each start at an address is late by that */
#define WAITING_EVERY_MS 1000
#define READ_ROOM_LEN    (64 * 1024)
#define ROWS_POST_LEN    (256 * 1024) /* octets of rows; a closing block can write 100,000 of them */

/* The fences of one worker come in the order of the blocks; how far workers are apart has no bound. */
static void on_fence(struct worker *w, const struct message_block_fence *m)
{
    bool ahead = m->may_come > 0;
    uint32_t *fenced = ahead ? w->fenced_ahead : w->fenced;
    uint32_t blocks = m->block + 1;
    fenced[m->from] = blocks;
    for (uint32_t i = 0; i < w->scan->division.parts; i++) {
        blocks = fenced[i] < blocks ? fenced[i] : blocks;
    }
    if (blocks <= m->block) {
        return; /* another worker is behind */
    }
    if (ahead) {
        service_on_block_ahead(&w->services, m->block, m->may_come);
    } else if (blocks > w->services.blocks_closed) {
        service_on_block_closed(&w->services, m->block);
    }
}

static void on_policy_done(struct worker *w, const struct message_policy_done *m)
{
    struct buf fetched = BUF_INIT(BUF_NO_LIMIT);
    struct message_policy_done judged = {.domain = m->domain};
    struct seen_policy p = {0};
    policy_fetched_get(m->fetched, &p);
    worker_weather_judge_fetch(w, &p);
    policy_fetched_put(&fetched, &p);
    judged.fetched = buf_span(&fetched);
    domain_on_policy_done(&w->domains, &judged);
    buf_deinit(&fetched);
}

static void on_chain_known(struct worker *w, const struct message_chain_known *m)
{
    const struct chain_waiter *waiters = NULL;
    struct chain_brief verdict;
    uint32_t count = known_chains_take(&w->chains, m, &waiters, &verdict);
    for (uint32_t i = 0; i < count; i++) {
        if (waiters[i].kind == WAITER_DOMAIN) {
            domain_on_verdict(&w->domains, waiters[i].index, verdict);
        } else {
            service_on_verdict(&w->services, waiters[i].index, m->chain_id, verdict);
        }
    }
}

static void run_commands(struct worker *w);

static void tell_owner(struct worker *w, uint8_t asker, uint64_t tag,
                       const struct dns_answer *answer)
{
    switch ((enum owner_kind)asker) {
    case OWNER_DOMAIN:
        domain_on_answer(&w->domains, tag, answer);
        return;
    case OWNER_HOST:
        host_on_answer(&w->hosts, tag, answer);
        return;
    case OWNER_SERVICE:
        service_on_answer(&w->services, tag, answer);
        return;
    case OWNER_DESK:
        break;
    }
    UNREACHABLE("nobody's answer");
}

#define ON_ANSWER(name, kind)                                                  \
    static void name(void *arg, uint64_t tag, const struct dns_answer *answer) \
    {                                                                          \
        on_dns_answer(arg, kind, tag, answer);                                 \
    }

static void on_dns_answer(struct worker *w, uint8_t asker, uint64_t tag,
                          const struct dns_answer *answer)
{
    atomic_fetch_add_explicit(&w->counters.dns_asked, answer->asked, memory_order_relaxed);
    worker_tell_time(w);
    worker_weather_note_answer(w, tag << 2 | asker, answer);
    if (asker == OWNER_DOMAIN && answer->seen.state == DNS_DATA) {
        weather_probes_note_name(w, domain_of_question(&w->domains, tag));
    }
    if (question_desk_answer(&w->desk, &asker, &tag, answer)) {
        tell_owner(w, asker, tag, answer);
    }
    run_commands(w);
}

ON_ANSWER(on_domain_answer, OWNER_DOMAIN)
ON_ANSWER(on_host_answer, OWNER_HOST)
ON_ANSWER(on_service_answer, OWNER_SERVICE)
ON_ANSWER(on_desk_answer, OWNER_DESK)
#undef ON_ANSWER

/* Lines leave with their rows: the writer sees both or none. */
static void post_rows(struct worker *w)
{
    rows_out_add(w->rows, &w->writer_outbox);
    if (w->state.len > 0) {
        struct message_outward m = {
            .from = (uint16_t)w->part, .to = (uint16_t)w->part, .messages = buf_span(&w->state)};
        message_put_outward(&w->writer_outbox, &m);
        buf_reset(&w->state);
    }
    if (w->lines_done.len > 0) {
        struct message_lines_done m = {.lines = buf_span(&w->lines_done)};
        message_put_lines_done(&w->writer_outbox, &m);
        buf_reset(&w->lines_done);
    }
    mailbox_post(&w->scan->writer, &w->writer_outbox);
}

/* Many of them do not wait for the end of the loop turn. */
static void post_many_rows(struct worker *w)
{
    if (row_sink_len(w->rows) >= ROWS_POST_LEN) {
        post_rows(w);
    }
}

static void ask_resolver(struct worker *w)
{
    static const resolver_done_fn answered[] = {[OWNER_DOMAIN] = on_domain_answer,
                                                [OWNER_HOST] = on_host_answer,
                                                [OWNER_SERVICE] = on_service_answer,
                                                [OWNER_DESK] = on_desk_answer};
    struct owner_question q;
    for (struct span in = buf_span(&w->desk.to_resolver); owner_question_next(&in, &q);) {
        staged_answers_ask(w->staged, w->resolver, &q, answered[q.asker], w);
    }
    buf_reset(&w->desk.to_resolver);
}

/* Failures that the desk kept so far. @return there were some */
static bool tell_failures(struct worker *w)
{
    struct buf told = w->desk.to_owners; /* an owner that hears of one may ask the next question */
    bool any = told.len > 0;
    w->desk.to_owners = BUF_INIT(BUF_NO_LIMIT);
    for (struct span in = buf_span(&told); in.len > 0;) {
        struct desk_failure f;
        codec_get_octets(&in, &f, sizeof(f));
        if (!f.late) {
            tell_owner(w, f.asker, f.tag, &f.answer);
        } else if (f.asker == OWNER_DOMAIN) {
            domain_on_late(&w->domains, f.tag);
        } else if (f.asker == OWNER_HOST) {
            host_on_late(&w->hosts, f.tag);
        } /* nobody waits for reverse DNS */
    }
    buf_deinit(&told);
    return any;
}

/* What owners asked for; messages lie in the outboxes already. */
static void carry_out(struct worker *w)
{
    struct owner_out *out = &w->out;
    struct owner_question q;
    for (struct span in = buf_span(&out->questions); owner_question_next(&in, &q);) {
        question_desk_ask(&w->desk, &q);
    }
    buf_reset(&out->questions);
    ask_resolver(w);
    for (struct span in = buf_span(&out->dials); in.len > 0;) {
        struct owner_dial d;
        codec_get_octets(&in, &d, sizeof(d));
        worker_weather_dial(w, &d);
    }
    for (struct span in = buf_span(&out->holds); in.len > 0;) { /* before what is settled */
        struct block_hold hold;
        codec_get_octets(&in, &hold, sizeof(hold));
        (hold.ends ? admission_release : admission_hold)(&w->scan->admission, hold.block);
    }
    for (struct span in = buf_span(&out->settled); in.len > 0;) {
        uint32_t block = codec_get_u32(&in);
        w->settled_block[block % BLOCK_RING] = block;
        w->settled[block % BLOCK_RING]++;
        w->any_settled = true;
    }
    for (struct span in = buf_span(&out->finished); in.len > 0;) {
        struct finished_line line;
        codec_get_octets(&in, &line, sizeof(line));
        atomic_fetch_add_explicit(&w->counters.lines_done[line.ending], 1, memory_order_relaxed);
        codec_put_u64(&w->lines_done, line.input_line);
        w->finished_domains++;
        scan_items_open(w->scan, -1);
    }
    post_many_rows(w);
    buf_reset(&out->dials);
    buf_reset(&out->holds);
    buf_reset(&out->settled);
    buf_reset(&out->finished);
}

/* After each event. */
static void run_commands(struct worker *w)
{
    for (bool more = true; more;) {
        more = !w->stopping && service_go_on(&w->services);
        more = tell_failures(w) || more;
        carry_out(w);
        more = more || w->desk.to_owners.len > 0;
    }
    if (w->services.services_open != w->services_open) {
        scan_items_open(w->scan, (int64_t)w->services.services_open - w->services_open);
        w->services_open = w->services.services_open;
    }
}

static void worker_on_session_done(void *arg, struct session *session)
{
    struct worker *w = arg;
    worker_note_session_end(w, session);
    worker_tell_time(w);
    if (!worker_weather_keep(w, session)) {
        if (!w->stopping) {
            service_on_session_end(&w->services, session_tag(session), session_seen(session));
        }
        session_release(&w->sessions, session);
    }
    run_commands(w);
}

static void on_lease_grant(struct worker *w, const struct message_lease_grant *m)
{
    if (!weather_probes_on_grant(w, &m->lease)) {
        service_on_lease_grant(&w->services, m);
    }
}

static void on_lease_queued(struct worker *w, const struct message_lease_queued *m)
{
    if (!weather_probes_on_queued(w, &m->lease)) {
        service_on_lease_queued(&w->services, m);
    }
}

static void name_policy_host(void *arg, struct span policy_host)
{
    struct worker *w = arg;
    given_up_add(&w->scan->given_up, "policy host", policy_host);
}

static void worker_on_message(struct worker *w, enum message_kind kind, struct span body)
{
    atomic_fetch_add_explicit(&w->counters.messages, 1, memory_order_relaxed);
    switch (kind) {
#define HANDLE(NAME, name, handler, owner)                  \
    case MESSAGE_##NAME: {                                  \
        struct message_##name m = message_get_##name(body); \
        handler(owner, &m);                                 \
        return;                                             \
    }
        HANDLE(DOMAIN, domain, domain_on_line, &w->domains)
        HANDLE(KNOWN_DOMAIN, known_domain, domain_on_known, &w->domains)
        HANDLE(KNOWN_HOST, known_host, host_on_known, &w->hosts)
        HANDLE(KNOWN_RESOLVED, known_resolved, host_on_known_resolved, &w->hosts)
        HANDLE(KNOWN_SERVICE, known_service, service_on_known, &w->services)
        HANDLE(KNOWN_NAME, known_name, service_on_known_name, &w->services)
        HANDLE(HOST_LATE, host_late, domain_on_host_late, &w->domains)
        HANDLE(KNOWN_SPEAKER, known_speaker, service_on_known_speaker, &w->services)
        HANDLE(HOST_RESOLVED, host_resolved, domain_on_host_resolved, &w->domains)
        HANDLE(HOST_DONE, host_done, domain_on_host_done, &w->domains)
        HANDLE(POLICY_DONE, policy_done, on_policy_done, w)
        HANDLE(HOST_WANT, host_want, host_on_want, &w->hosts)
        HANDLE(ADDRESS_WANT, address_want, service_on_address_want, &w->services)
        HANDLE(ADDRESS_PERHAPS, address_perhaps, service_on_address_perhaps, &w->services)
        HANDLE(ENDPOINT_DONE, endpoint_done, host_on_endpoint_done, &w->hosts)
        HANDLE(NAME_CHECK, name_check, host_on_name_check, &w->hosts)
        HANDLE(NAME_CHECKED, name_checked, service_on_name_checked, &w->services)
        HANDLE(LEASE_WANT, lease_want, operator_on_want, &w->operators)
        HANDLE(LEASE_QUEUED, lease_queued, on_lease_queued, w)
        HANDLE(LEASE_GRANT, lease_grant, on_lease_grant, w)
        HANDLE(LEASE_RETURN, lease_return, operator_on_return, &w->operators)
        HANDLE(PERMIT_WANT, permit_want, service_on_permit_want, &w->services)
        HANDLE(PERMIT_RETURN, permit_return, service_on_permit_return, &w->services)
        HANDLE(CHAIN_KNOWN, chain_known, on_chain_known, w)
#undef HANDLE
    case MESSAGE_BLOCK_CLOSE: {
        struct message_block_close m = message_get_block_close(body);
        struct message_block_fence fence = {
            .block = m.block, .may_come = m.may_come, .from = (uint16_t)w->part};
        /* Its ADDRESS_WANTs go before the fences. */
        (m.may_come > 0 ? host_on_block_ahead : host_on_block_close)(&w->hosts, m.block);
        if (m.block == BLOCK_OF_THE_REST) {
            return; /* services hear of it when all other blocks are open */
        }
        for (uint32_t i = 0; i < w->scan->division.parts; i++) { /* also to ourselves */
            message_put_block_fence(worker_outbox(w, i), &fence);
        }
        return;
    }
    case MESSAGE_BLOCK_FENCE: {
        struct message_block_fence m = message_get_block_fence(body);
        on_fence(w, &m);
        return;
    }
    case MESSAGE_GIVE_UP:
        worker_give_sessions_up(w);
        domain_give_up_policies(&w->domains, name_policy_host, w);
        service_give_up_fetches(&w->services);
        return;
    case MESSAGE_STOP:
        w->stopping = true;
        wheel_loop_stop(&w->deadlines);
        service_stop(&w->services);
        worker_weather_stop(w);
        worker_abort_sessions(w);
        uv_stop(&w->loop);
        return;
    case MESSAGE_PERMIT_GRANT:
    case MESSAGE_KNOWN_CHAIN:
    case MESSAGE_KNOWN_CERT:
    case MESSAGE_KNOWN_BODY:
    case MESSAGE_POLICY_WANT:
    case MESSAGE_CHAIN_NEW:
    case MESSAGE_CERT_NEW:
    case MESSAGE_CERT_KNOWN:
    case MESSAGE_ROWS:
    case MESSAGE_ROWS_AHEAD:
    case MESSAGE_ROWS_HELD:
    case MESSAGE_ROWS_RELEASE:
    case MESSAGE_LINES_DONE:
    case MESSAGE_OUTWARD:
    case MESSAGE_BLOCK_END:
    case MESSAGE_FLEET_FILE:
    case MESSAGE_FLEET_JOIN:
    case MESSAGE_FLEET_SETTLED:
    case MESSAGE_FLEET_SENT:
    case MESSAGE_FLEET_LAST:
    case MESSAGE_FLEET_DONE:
    case MESSAGE_FLEET_LEFT:
    case MESSAGE_FLEET_TAKE:
    case MESSAGE_FLEET_AWAY:
    case MESSAGE_FLEET_BEAT:
        break;
    }
    UNREACHABLE("a message that no worker receives");
}

static void worker_handle_all(struct worker *w, struct span messages)
{
    enum message_kind kind;
    struct span body;
    while (!w->stopping && message_next(&messages, &kind, &body)) {
        worker_tell_time(w);
        worker_on_message(w, kind, body);
        run_commands(w);
    }
}

/* What we said to ourselves, until we say no more. */
static void handle_own(struct worker *w)
{
    struct buf *own = &w->outbox[w->part];
    while (!w->stopping &&
           w->scan->member == NULL) { /* a shortcut would lose what it says when the part moves */
        struct span messages = mailbox_take_own(&w->mailbox, own);
        if (messages.len == 0) {
            return;
        }
        worker_handle_all(w, messages);
    }
}

static void post_admission(struct worker *w)
{
    if (w->any_settled) {
        w->any_settled = false;
        for (uint32_t i = 0; i < BLOCK_RING; i++) {
            if (w->settled[i] > 0) {
                admission_settle(&w->scan->admission, w->settled_block[i], w->settled[i]);
                w->settled[i] = 0;
            }
        }
    }
    if (w->domains.parked != w->parked) {
        admission_park(&w->scan->admission, (int64_t)w->domains.parked - (int64_t)w->parked);
        w->parked = w->domains.parked;
    }
    if (w->finished_domains > 0) {
        admission_leave(&w->scan->admission, w->finished_domains);
        w->finished_domains = 0;
    }
}

/* Each second at most: it looks at all crowded addresses. */
static void reckon_waiting(struct worker *w)
{
    uint64_t now_ms = w->services.now_ms;
    if (now_ms < w->waiting_due_ms) {
        return;
    }
    w->waiting_due_ms = now_ms + WAITING_EVERY_MS;
    uint64_t services = service_waiting_ms(&w->services);
    uint64_t operators = operator_waiting_ms(&w->operators);
    uint64_t questions = question_desk_waiting_ms(&w->desk);
    uint64_t longest = services > operators ? services : operators;
    longest = questions > longest ? questions : longest;
    bool known = longest != WAITING_UNKNOWN;
    atomic_store_explicit(&w->counters.waiting_until_ms,
                          known && longest > 0 ? now_ms + longest : longest, memory_order_relaxed);
}

static void post_to_policies(struct worker *w)
{
    if (w->policy_outbox.len > 0 && w->scan->member != NULL) {
        member_route_policies(w->scan->member, w->part, &w->policy_outbox);
    } else if (w->policy_outbox.len > 0) {
        mailbox_post(policy_thread_mailbox(w->scan->policies), &w->policy_outbox);
    }
}

static void post_to_parts(struct worker *w)
{
    if (w->scan->member != NULL) {
        member_route_turn(w->scan->member, w->part, w->outbox);
        return;
    }
    for (uint32_t i = 0; i < w->scan->division.parts; i++) {
        if (i != w->part) {
            mailbox_post(&w->scan->workers[i]->mailbox, &w->outbox[i]);
        }
    }
}

/* Rows first: a message that follows may let another thread write a row that names them. */
static void worker_post_all(struct worker *w)
{
    post_rows(w);
    for (uint32_t i = 0; i < w->scan->judge_count; i++) {
        if (w->judge_outbox[i].len > 0) {
            judge_post(w->scan, i, &w->judge_outbox[i]);
        }
    }
    post_to_policies(w);
    post_to_parts(w);
    post_admission(w);
    reckon_waiting(w);
    atomic_store_explicit(&w->counters.sessions_failed, w->services.sessions_failed,
                          memory_order_relaxed);
    atomic_store_explicit(&w->counters.short_fallen, w->services.short_fallen,
                          memory_order_relaxed);
    atomic_store_explicit(&w->counters.services_waiting, w->services.names_waiting,
                          memory_order_relaxed);
    atomic_store_explicit(&w->counters.sessions_paused, w->services.visits_paused,
                          memory_order_relaxed);
    atomic_store_explicit(&w->counters.policies_pending, w->domains.policies_pending,
                          memory_order_relaxed);
    atomic_store_explicit(&w->counters.dns_pending, resolver_pending(w->resolver),
                          memory_order_relaxed);
}

static void on_before_sleep(uv_prepare_t *handle)
{
    struct worker *w = handle->data;
    worker_tell_time(w);
    run_commands(w); /* what deadlines brought */
    handle_own(w);
    resolver_flush(w->resolver);
    worker_post_all(w);
}

static void on_wake(uv_async_t *handle)
{
    struct worker *w = handle->data;
    worker_handle_all(w, mailbox_take(&w->mailbox));
}

/* Of what the whole scan may, as sessions at a time or questions a second. */
static uint32_t share_of(const struct worker *w, uint32_t whole)
{
    uint32_t n = w->scan->worker_count;
    return whole / n + (w->index < whole % n);
}

static void open_all(struct worker *w)
{
    const struct scan_params *p = w->scan->params;
    CHECK(uv_prepare_init(&w->loop, &w->before_sleep) == 0);
    w->before_sleep.data = w;
    uv_update_time(&w->loop);
    wheel_init(&w->wheel, uv_now(&w->loop), TICK_MS);
    w->sessions = (struct session_environment){
        .loop = &w->loop,
        .wheel = &w->wheel,
        .tls = tls_context_new(true),
        .ehlo_domain = p->ehlo_domain,
        .connect_timeout_ms = p->connect_timeout_ms,
        .greeting_timeout_ms = p->greeting_timeout_ms,
        .reply_timeout_ms = p->reply_timeout_ms,
        .tls_timeout_ms = p->tls_timeout_ms,
        .target_timeout_ms = p->target_timeout_ms,
        .read_room = memory_new(1, READ_ROOM_LEN),
        .read_room_len = READ_ROOM_LEN,
        .staged = p->staged_list,
        .out = BUF_INIT(SESSION_OUT_MAX),
        .plain = BUF_INIT(SESSION_PLAIN_MAX),
    };
    if (p->probes
            .no_sni_short) { /* it was tried: this cannot fail for another reason than memory */
        CHECK(tls_context_enable_short_handshakes(w->sessions.tls));
    }
    question_desk_init(&w->desk, p->dns_retry_pause_ms, &w->weather.views[WEATHER_DNS], &w->wheel);
    w->staged = staged_answers_new(p->staged_mx);
    w->resolver = open_resolver(p, &w->loop, share_of(w, p->dns_rate));
    const struct domain_rules rules = {.suffixes = w->scan->suffixes,
                                       .dial = w->scan->dial,
                                       .implicit_mx_dial = p->implicit_mx_dial,
                                       .fetch_policies = p->fetch_policies,
                                       .works_max = admission_works_max(w->scan->worker_count)};
    domain_owner_init(&w->domains, &rules, &w->out, &w->chains, &w->arenas, &w->spool);
    const struct host_rules hosts = {.suffixes = w->scan->suffixes,
                                     .dial = w->scan->dial,
                                     .ports = p->ports,
                                     .port_count = p->port_count,
                                     .trust_ad = p->terms.trust_ad,
                                     .works_max = admission_works_max(w->scan->worker_count)};
    host_owner_init(&w->hosts, &hosts, &w->out, &w->arenas, &w->spool);
    const struct remembered *remembered = p->memory != NULL ? &p->memory->before : NULL;
    const struct service_rules services = {.suffixes = w->scan->suffixes,
                                           .operators = p->terms.operators,
                                           .first_port = p->ports[0],
                                           .probes = p->probes,
                                           .infer = p->infer,
                                           .shared_operators = &p->shared_operators,
                                           .names_per_address = p->names_per_address,
                                           .address_rate = p->address_rate,
                                           .address_limit = p->address_limit,
                                           .network_limit = p->network_limit,
                                           .operator_limit = p->operator_limit,
                                           .sessions_max = share_of(w, p->concurrency),
                                           .retries = p->retries,
                                           .retry_pause_ms = p->retry_pause_ms,
                                           .tempfail_pause_ms = p->tempfail_pause_ms,
                                           .remembered = remembered,
                                           .names_max = admission_works_max(w->scan->worker_count),
                                           /* each holds what a session of it saw, too */
                                           .line_max =
                                               admission_works_max(w->scan->worker_count) / 4,
                                           .seed = p->seed};
    service_owner_init(&w->services, &services, &w->out, &w->chains, &w->arenas, &w->spool,
                       &w->wheel);
    operator_owner_init(&w->operators, p->operator_limit, remembered, &w->out);
    CHECK(uv_prepare_start(&w->before_sleep, on_before_sleep) == 0);
    wheel_loop_start(&w->deadlines, &w->loop, &w->wheel);
    worker_weather_open(w, worker_on_session_done, run_commands);
}

/* The thread that made the OpenSSL objects frees them. */
static void close_all(struct worker *w)
{
    worker_post_all(w);
    mailbox_close(&w->mailbox); /* other workers may still post */
    uv_close((uv_handle_t *)&w->before_sleep, NULL);
    wheel_loop_stop(&w->deadlines);
    uv_close((uv_handle_t *)&w->wake, NULL);
    resolver_free(w->resolver);
    CHECK(uv_run(&w->loop, UV_RUN_DEFAULT) == 0); /* the close callbacks of what was aborted */
    question_desk_deinit(&w->desk);
    staged_answers_free(w->staged);
    domain_owner_deinit(&w->domains);
    host_owner_deinit(&w->hosts);
    service_finish_groups(&w->services);
    w->groups = w->services.groups; /* read when all threads have ended */
    w->services.groups = NULL;
    w->night = w->services.night; /* the same */
    w->services.night = NULL;
    service_owner_deinit(&w->services);
    free(w->sessions_of);
    worker_weather_deinit(w);
    operator_owner_deinit(&w->operators);
    session_environment_deinit(&w->sessions);
    tls_context_free(w->sessions.tls);
    free(w->sessions.read_room);
    CHECK(uv_loop_close(&w->loop) == 0);
}

static void *worker_run(void *arg)
{
    struct worker *w = arg;
    open_all(w);
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
    close_all(w);
    return NULL;
}

void worker_init(struct worker *w, struct scan *scan, uint32_t index)
{
    *w = (struct worker){.scan = scan, .index = index, .issuer_hosts = issuer_hosts_new()};
    CHECK(uv_loop_init(&w->loop) == 0);
    CHECK(uv_async_init(&w->loop, &w->wake, on_wake) == 0);
    w->wake.data = w;
    mailbox_init(&w->mailbox, &w->wake);
    w->part = scan->division.first + index;
    w->outbox = memory_new(scan->division.parts, sizeof(*w->outbox));
    for (uint32_t i = 0; i < scan->division.parts; i++) {
        w->outbox[i] = BUF_INIT(BUF_NO_LIMIT);
    }
    for (uint32_t i = 0; i < JUDGES_MAX; i++) {
        w->judge_outbox[i] = BUF_INIT(BUF_NO_LIMIT);
    }
    w->policy_outbox = BUF_INIT(BUF_NO_LIMIT);
    w->writer_outbox = BUF_INIT(BUF_NO_LIMIT);
    w->lines_done = BUF_INIT(BUF_NO_LIMIT);
    w->state = BUF_INIT(BUF_NO_LIMIT);
    owner_out_init(&w->out);
    w->out.division = scan->division;
    w->out.judge_count = scan->judge_count;
    w->out.self = index;
    w->out.to_worker = w->outbox;
    w->out.to_judge = w->judge_outbox;
    w->out.to_policies = &w->policy_outbox;
    w->out.recorder = &w->recorder;
    w->out.state = scan->member != NULL ? &w->state : NULL;
    known_chains_init(&w->chains);
    spool_init(&w->spool, &scan->spool_budget);
    w->rows = rows_out_new(scan->params);
    counts_init(&w->counts, scan->params->ports, scan->params->port_count);
    recorder_init(&w->recorder, w->rows, &scan->params->terms, &w->counts, w->issuer_hosts,
                  scan->book, KEY_STORE_NO_BOUND);
}

void worker_start(struct worker *w)
{
    thread_start(&w->thread, worker_run, w);
}

bool worker_join(struct worker *w, const struct join_patience *patience)
{
    return thread_join(w->thread, patience);
}

void worker_deinit(struct worker *w)
{
    known_chains_deinit(&w->chains);
    spool_deinit(&w->spool);
    owner_out_deinit(&w->out);
    issuer_hosts_free(w->issuer_hosts);
    certificate_groups_free(w->groups);
    night_free(w->night);
    for (uint32_t i = 0; i < w->scan->division.parts; i++) {
        buf_deinit(&w->outbox[i]);
    }
    free(w->outbox);
    for (uint32_t i = 0; i < JUDGES_MAX; i++) {
        buf_deinit(&w->judge_outbox[i]);
    }
    buf_deinit(&w->policy_outbox);
    buf_deinit(&w->writer_outbox);
    buf_deinit(&w->lines_done);
    buf_deinit(&w->state);
    rows_out_free(w->rows);
    recorder_deinit(&w->recorder);
    counts_deinit(&w->counts);
    arena_pool_deinit(&w->arenas);
    mailbox_deinit(&w->mailbox);
}
