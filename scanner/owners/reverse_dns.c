/**
 * Reverse DNS of a service's address, and whether its names lead back (forward-confirmed reverse
 * DNS). The names' addresses are asked for by the owner of the name, once per scan.
 */
#include <string.h>

#include "resolver/dns_name.h"
#include "scanner/base/memory.h"
#include "scanner/domain/domain_name.h"
#include "scanner/owners/service_work.h"

static bool is_awaited(const struct service_work *work, size_t count, struct span name)
{
    for (size_t i = 0; i < count; i++) {
        if (span_eq(work->ptr_awaited[i], name)) {
            return true;
        }
    }
    return false;
}

static void check_name(struct service_owner *o, uint32_t service, size_t index)
{
    struct service *s = &o->services[service];
    struct service_work *work = s->work;
    struct buf host = BUF_INIT(DNS_NAME_TEXT_MAX);
    if (!host_name_normalise(work->ptr_names[index], &host, NULL)) {
        work->ptr_states[index] = DNS_NAME_INVALID;
    } else {
        struct message_name_check m = {.address = s->address, .name = buf_span(&host)};
        if (!is_awaited(work, index, m.name)) {
            message_put_name_check(out_to_name(o->out, m.name), &m);
        }
        work->ptr_awaited[index] = arena_copy(&work->arena, m.name);
        work->ptr_pending++;
    }
    buf_deinit(&host);
}

static void reverse_dns_copy_result(struct service_work *to, const struct service_work *from)
{
    size_t count = from->ptr.name_count;
    to->ptr_names = arena_new(&to->arena, count, sizeof(*to->ptr_names));
    to->ptr_states = arena_new(&to->arena, count, sizeof(*to->ptr_states));
    to->ptr_confirmed = arena_new(&to->arena, count, sizeof(*to->ptr_confirmed));
    for (size_t i = 0; i < count; i++) {
        to->ptr_names[i] = arena_copy(&to->arena, from->ptr_names[i]);
        to->ptr_states[i] = from->ptr_states[i];
        to->ptr_confirmed[i] = from->ptr_confirmed[i];
    }
    to->ptr = from->ptr;
    to->ptr.names = to->ptr_names;
    to->ptr.forward_state = to->ptr_states;
    to->ptr.forward_confirmed = to->ptr_confirmed;
}

static void tell_other_ports(struct service_owner *o, uint32_t leader)
{
    struct service *services = o->services;
    for (uint32_t i = services[leader].gate; i != NO_INDEX; i = services[i].next_port) {
        struct service_work *work = services[i].work;
        if (work != NULL && work->ptr_leader == leader) {
            reverse_dns_copy_result(work, services[leader].work);
            work->ptr_leader = NO_INDEX;
            work->ptr_pending = 0;
            service_wake(o, i);
        }
    }
}

static void reverse_dns_settle(struct service_owner *o, uint32_t service)
{
    if (o->services[service].work->ptr_pending == 0) {
        tell_other_ports(o, service);
        service_wake(o, service);
    }
}

void reverse_dns_on_answer(struct service_owner *o, uint32_t service,
                           const struct dns_answer *answer)
{
    struct service_work *work = o->services[service].work;
    size_t count = answer->rr_count < PTR_MAX ? answer->rr_count : PTR_MAX;
    work->ptr_names = arena_new(&work->arena, count, sizeof(*work->ptr_names));
    work->ptr_states = arena_new(&work->arena, count, sizeof(*work->ptr_states));
    work->ptr_confirmed = arena_new(&work->arena, count, sizeof(*work->ptr_confirmed));
    work->ptr_awaited = arena_new(&work->arena, count, sizeof(*work->ptr_awaited));
    work->ptr = (struct seen_ptr){
        .dns = answer->seen,
        .names = work->ptr_names,
        .name_count = count,
        .forward_state = work->ptr_states,
        .forward_confirmed = work->ptr_confirmed,
    };
    work->ptr.dns.truncated = work->ptr.dns.truncated || count < answer->rr_count;
    for (size_t i = 0; i < count; i++) {
        work->ptr_names[i] = arena_copy(&work->arena, answer->rrs[i].name);
        check_name(o, service, i);
    }
    work->ptr_pending--; /* the PTR question itself */
    reverse_dns_settle(o, service);
}

/* The address has one answer for all of its ports, which are usually wanted together. */
static uint32_t port_that_asks(const struct service_owner *o, uint32_t service)
{
    const struct service *services = o->services;
    for (uint32_t i = services[service].gate; i != NO_INDEX; i = services[i].next_port) {
        const struct service_work *work = services[i].work;
        if (work != NULL && work->ptr_pending > 0 && work->ptr_leader == NO_INDEX) {
            return i;
        }
    }
    return NO_INDEX;
}

void reverse_dns_begin(struct service_owner *o, uint32_t service)
{
    struct service *s = &o->services[service];
    char name[DNS_REVERSE_NAME_MAX];
    s->work->ptr_leader = port_that_asks(o, service);
    s->work->ptr_pending++;
    if (s->work->ptr_leader == NO_INDEX) {
        owner_question_put(&o->out->questions, OWNER_SERVICE, service, DNS_TYPE_PTR, "",
                           dns_name_reverse(&s->address, name));
    }
}

bool reverse_dns_on_checked(struct service_owner *o, const struct message_name_checked *m)
{
    uint32_t gate = service_find(o, &m->address, o->rules.first_port);
    uint32_t service = gate != NO_INDEX ? port_that_asks(o, gate) : NO_INDEX;
    struct service_work *work = service != NO_INDEX ? o->services[service].work : NULL;
    if (work == NULL || !is_awaited(work, work->ptr.name_count, m->name)) {
        return false;
    }
    for (size_t i = 0; i < work->ptr.name_count; i++) {
        if (span_eq(work->ptr_awaited[i], m->name)) {
            work->ptr_states[i] = m->state;
            work->ptr_confirmed[i] = m->confirmed != 0;
            work->ptr_awaited[i] = (struct span){0};
            work->ptr_pending--;
        }
    }
    reverse_dns_settle(o, service);
    return true;
}

void reverse_dns_keep(struct service_owner *o, struct service *s, const struct seen_ptr *ptr)
{
    struct buf name = BUF_INIT(DNS_NAME_TEXT_MAX);
    enum dns_state state = (enum dns_state)ptr->dns.state;
    bool none = state == DNS_NODATA || state == DNS_NXDOMAIN;
    s->ptr_known = none ? TRUTH_NO : state == DNS_DATA ? TRUTH_YES : TRUTH_UNKNOWN;
    s->first_ptr = o->ptr_hash_count;
    for (size_t i = 0; i < ptr->name_count; i++) {
        buf_reset(&name);
        if (!host_name_normalise(ptr->names[i], &name, NULL)) {
            continue;
        }
        o->ptr_hashes = memory_grow_list(o->ptr_hashes, o->ptr_hash_count, sizeof(*o->ptr_hashes));
        o->ptr_hashes[o->ptr_hash_count++] = hash_key_of(buf_span(&name)).low;
        s->ptr_count++;
    }
    buf_deinit(&name);
}

enum truth reverse_dns_is_host(const struct service_owner *o, const struct service *s,
                               struct span host)
{
    if (s->ptr_known != TRUTH_YES) {
        return (enum truth)s->ptr_known;
    }
    uint64_t hash = hash_key_of(host).low;
    for (uint8_t i = 0; i < s->ptr_count; i++) {
        if (o->ptr_hashes[s->first_ptr + i] == hash) {
            return TRUTH_YES;
        }
    }
    return TRUTH_NO;
}
