/**
 * Names that have their rows take their turns among the others, by block and then by draw, as if they were dialled and
 * had their result at once: what failures or a certificate group say of a name follows from the names before it.
 */
#include "scanner/owners/service_work.h"

/* For what a name before it gets: as if it were to be dialled now. */
static bool known_has_to_wait(const struct service_owner *o, const struct service *s,
                              const struct known_name *name)
{
    const struct service_work *work = s->work;
    if (work == NULL || name->turn != KNOWN_DIALLED) {
        return false;
    }
    return service_waits_for_chance(work) || address_has_no_place(o, work->index) ||
           (name->group != GROUP_NONE &&
            certificate_group_waits(o->groups, name->group, work->names_under_way > 0));
}

static void note_in_group(struct service_owner *o, const struct service *s,
                          const struct known_name *name)
{
    struct known_session known;
    const struct known_result *r = name->result;
    const struct message_known_speaker *m = known_speaker_find(o, &s->address, s->port, r->host);
    if (m != NULL) {
        known_session_read(m, &known);
    }
    certificate_group_dial(o->groups, name->group);
    (void)certificate_group_note(o->groups, name->group, r->host, &r->of_group,
                                 m != NULL ? &known.seen : NULL);
}

/* @param more it does not count in the budget yet */
static void take_turn(struct service_owner *o, struct service *s, const struct known_name *name,
                      bool more)
{
    if (name->turn == KNOWN_INFERRED && name->group != GROUP_NONE) {
        certificate_group_inferred_before(o->groups, name->group);
    }
    if (name->turn != KNOWN_DIALLED) {
        return;
    }
    if (more) {
        service_count_dialled(o, s, 1);
    }
    if (name->result != NULL) {
        note_in_group(o, s, name);
    }
    service_note_known(s, (enum session_outcome)name->outcome, (enum starttls_state)name->starttls,
                       name->unanswered, name->again);
}

bool known_names_take_turns(struct service_owner *o, uint32_t service, const struct want *before)
{
    struct service *s = &o->services[service];
    const struct known_name *name;
    while ((name = known_names_next(o, service)) != NULL) {
        bool later = before != NULL && (name->block != before->block ? name->block > before->block
                                                                     : name->draw >= before->draw);
        if (later) {
            return true;
        }
        if (known_has_to_wait(o, s, name)) {
            return false;
        }
        take_turn(o, s, name, known_names_pass(o, service));
    }
    return true;
}

bool known_speaker_takes_turn(struct service_owner *o, struct service *s)
{
    const struct want *want = names_first(o, &s->work->names);
    const struct message_known_speaker *m = known_speaker_find(o, &s->address, s->port, want->host);
    if (m == NULL) {
        return false;
    }
    if (!want->planned) {
        service_count_dialled(o, s, 1);
    }
    rows_write_known(o, s, want, m);
    names_drop_first(&s->work->names);
    return true;
}

void service_finish_groups(struct service_owner *o)
{
    for (uint32_t i = 0; o->known_names_count > 0 && i < o->count; i++) {
        if (o->services[i].work == NULL) {
            (void)known_names_take_turns(o, i, NULL);
        }
    }
}
