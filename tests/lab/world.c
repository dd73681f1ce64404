#include "tests/lab/world.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/base/memory.h"
#include "tests/lab/address_plan.h"
#include "tests/lab/cases.h"
#include "tests/lab/draw.h"
#include "tests/lab/mutations.h"
#include "tests/lab/policy_population.h"
#include "tests/lab/zone.h"

#define OVERSAMPLE_LIMIT 0.2 /* no rare feature becomes more frequent than this */

static uint32_t share_of(uint64_t domains, double per_domain, uint32_t least, uint32_t most)
{
    double n = (double)domains * per_domain;
    return n < least ? least : n > most ? most : (uint32_t)n;
}

void world_finish(struct world *w)
{
    params_oversample(&w->params, w->oversample, OVERSAMPLE_LIMIT);
    w->hosting_servers =
        share_of(w->server_domains, w->params.hosting_servers_per_domain, 4, PLAN_HOSTING_MAX);
    w->companies = (w->hosting_servers + 23) / 24;
    w->small_hosters =
        share_of(w->server_domains, w->params.small_hosters_per_domain, 8, PLAN_SMALL_HOSTERS);
    w->cases = cases_new(w);
}

void world_deinit(struct world *w)
{
    cases_free(w->cases);
    w->cases = NULL;
}

static void world_path(const char *dir, const char *file, char out[1024])
{
    (void)snprintf(out, 1024, "%s/%s", dir, file);
}

bool world_save(const struct world *w, const char *dir)
{
    char path[1024];
    world_path(dir, "world", path);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        return false;
    }
    (void)fprintf(file,
                  "params %s\nseed %" PRIu64 "\ndomains %" PRIu64 "\nserver-domains %" PRIu64
                  "\noversample %.17g\nnow %" PRId64 "\ntime-scale %.17g\ndelay-max-ms %" PRIu32
                  "\nmutate %s\n",
                  w->params_path, w->seed, w->domains, w->server_domains, w->oversample, w->now,
                  w->time_scale, w->delay_max_ms, w->mutate);
    return fclose(file) == 0;
}

static bool load_line(struct world *w, char *line)
{
    char *value = strchr(line, ' ');
    if (value == NULL) {
        return false;
    }
    *value++ = '\0';
    value[strcspn(value, "\n")] = '\0';
    if (strcmp(line, "params") == 0) {
        (void)snprintf(w->params_path, sizeof(w->params_path), "%s", value);
    } else if (strcmp(line, "seed") == 0) {
        w->seed = strtoull(value, NULL, 10);
    } else if (strcmp(line, "domains") == 0) {
        w->domains = strtoull(value, NULL, 10);
    } else if (strcmp(line, "server-domains") == 0) {
        w->server_domains = strtoull(value, NULL, 10);
    } else if (strcmp(line, "oversample") == 0) {
        w->oversample = strtod(value, NULL);
    } else if (strcmp(line, "now") == 0) {
        w->now = strtoll(value, NULL, 10);
    } else if (strcmp(line, "time-scale") == 0) {
        w->time_scale = strtod(value, NULL);
    } else if (strcmp(line, "delay-max-ms") == 0) {
        w->delay_max_ms = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(line, "mutate") == 0) {
        (void)snprintf(w->mutate, sizeof(w->mutate), "%s", value);
    } else {
        return false;
    }
    return true;
}

bool world_load(struct world *w, const char *dir, struct buf *error)
{
    char path[1024];
    char line[1024];
    world_path(dir, "world", path);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        buf_putf(error, "%s: %s", path, strerror(errno));
        return false;
    }
    bool ok = true;
    while (ok && fgets(line, sizeof(line), file) != NULL) {
        ok = load_line(w, line);
    }
    (void)fclose(file);
    if (!ok || w->domains == 0 || w->server_domains == 0) {
        buf_putf(error, "%s: not written by this program", path);
        return false;
    }
    return params_read(w->params_path, &w->params, error);
}

bool world_service(const struct world *w, const struct net_addr *address, struct service *out)
{
    struct address_place place = address_place_of(address, w->companies);
    if (place.part == PART_CASE) {
        return case_service(w, place.owner, place.item, place.v6, out);
    }
    bool found = place.part != PART_NONE && population_service(w, &place, address, out);
    if (found) {
        mutate_server(w->seed, w->mutate, out);
    }
    return found;
}

void world_service_for(const struct world *w, struct service *s, struct span sni)
{
    struct address_place place = address_place_of(&s->address, w->companies);
    if (s->sni != LAB_SNI_SELECT && s->sni != LAB_SNI_STRICT) {
        return;
    }
    if (place.part == PART_CASE) {
        s->own_known = case_knows(w, place.owner, s, sni);
        if (s->own_known) { /* a certificate for each name */
            for (size_t i = 0; i < sni.len; i++) {
                s->own.identity = draw_mix(s->own.identity ^ sni.at[i]);
            }
            (void)snprintf(s->own.names, sizeof(s->own.names), "%.*s", (int)sni.len,
                           (const char *)sni.at);
        }
    } else {
        s->own_known = population_own(w, &place, sni, &s->own);
    }
}

/* ---- policy hosts ---- */

bool world_policy(const struct world *w, struct span name, struct policy_host *out)
{
    struct found_name found;
    size_t index;
    if (case_find(name, &index)) {
        return case_policy(w, index, name, out);
    }
    if (!population_find(w, name, &found) || found.kind != NAME_DOMAIN ||
        !span_eq(found.rest, SPAN_LIT("mta-sts"))) {
        return false;
    }
    struct domain_facts d;
    population_domain(w, found.index, &d);
    return population_policy(w, &d, out);
}

void world_policy_body(const struct world *w, const struct policy_host *h, struct buf *out)
{
    struct zone_answer *a = memory_new(1, sizeof(*a));
    char(*names)[LAB_NAME_MAX] = memory_new(ZONE_RR_MAX, sizeof(*names));
    const char *list[ZONE_RR_MAX];
    size_t count = 0;
    const char *domain = h->name + strlen(POLICY_HOST_PREFIX);
    zone_answer_init(a);
    zone_lookup(w, NULL, span_of(domain), LAB_TYPE_MX, a);
    for (size_t i = 0; i < a->count; i++) {
        struct span name = zone_rr_span(a, &a->rr[i]);
        if (a->rr[i].type == LAB_TYPE_MX && name.len > 0) {
            memcpy(names[count], name.at, name.len);
            names[count][name.len] = '\0';
            list[count] = names[count];
            count++;
        }
    }
    policy_text_put(&h->text, domain, list, count, out);
    zone_answer_deinit(a);
    free(names);
    free(a);
}

bool world_policy_server(const struct world *w, const struct net_addr *address)
{
    struct address_place place = address_place_of(address, w->companies);
    if (place.part == PART_CASE) {
        return case_policy_server(w, place.owner, address);
    }
    return population_policy_server(w, &place);
}
