#include "scanner/explain/rpt_summary.h"

#include "output/json_writer.h"
#include "scanner/base/check.h"
#include "scanner/base/hash.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/explain/finding_entries.h"

#define RESULT_SLOTS (RESULT_TYPE_COUNT + 1) /* and those that the RFC does not define, together */

/* --- sums ------------------------------------------------------------------------------------ */

struct rpt_name {
    char *text;
    uint64_t sessions;
};

/** Names with their sessions; those that find no place together. */
struct rpt_names {
    struct rpt_name at[RPT_NAMES_MAX];
    size_t count;
    uint64_t others;
};

struct rpt_result {
    uint64_t sessions;
    struct rpt_names hosts, senders, reasons;
};

/** Of reports whose details are one of RPT_DETAILS. */
struct rpt_detail_sums {
    uint64_t reports;
    uint64_t detailed; /* sessions */
    uint64_t failed;
};

/** One domain and type of policy. */
struct rpt_section {
    char *domain;
    char *mode;
    enum rpt_policy_type type;
    uint64_t succeeded, failed;
    struct rpt_result *results[RESULT_SLOTS];
    struct rpt_detail_sums sums[RPT_DETAILS_COUNT];
};

struct rpt_summary {
    struct rpt_section *sections;
    size_t section_count;
    uint64_t policies_left_out;
    uint64_t reports;
    uint64_t repeated;      /* reports that were given before: they count once */
    struct hash_key *known; /* of organization and id, of those that have an id */
    size_t known_count;
    struct rpt_names organizations;
    char *begin, *end;
};

/** A report may hold any number: sums stop at the largest. */
static uint64_t sum_up_to_max(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static char *text_copy(const char *text)
{
    return memory_text_of(text, strnlen(text, RPT_TEXT_MAX));
}

static void names_add(struct rpt_names *n, const char *text, uint64_t sessions)
{
    if (text[0] == '\0') {
        return;
    }
    for (size_t i = 0; i < n->count; i++) {
        if (strncmp(n->at[i].text, text, RPT_TEXT_MAX) == 0) {
            n->at[i].sessions = sum_up_to_max(n->at[i].sessions, sessions);
            return;
        }
    }
    if (n->count == RPT_NAMES_MAX) {
        n->others = sum_up_to_max(n->others, sessions);
        return;
    }
    n->at[n->count++] = (struct rpt_name){text_copy(text), sessions};
}

static void names_free(struct rpt_names *n)
{
    for (size_t i = 0; i < n->count; i++) {
        free(n->at[i].text);
    }
}

struct rpt_summary *rpt_summary_new(void)
{
    return memory_new(1, sizeof(struct rpt_summary));
}

static void section_free(struct rpt_section *section)
{
    for (size_t i = 0; i < RESULT_SLOTS; i++) {
        if (section->results[i] != NULL) {
            names_free(&section->results[i]->hosts);
            names_free(&section->results[i]->senders);
            names_free(&section->results[i]->reasons);
            free(section->results[i]);
        }
    }
    free(section->domain);
    free(section->mode);
}

void rpt_summary_free(struct rpt_summary *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < s->section_count; i++) {
        section_free(&s->sections[i]);
    }
    names_free(&s->organizations);
    free(s->sections);
    free(s->known);
    free(s->begin);
    free(s->end);
    free(s);
}

/** NULL: there are too many. */
static struct rpt_section *section_of(struct rpt_summary *s, const struct rpt_policy *p)
{
    for (size_t i = 0; i < s->section_count; i++) {
        if (s->sections[i].type == p->type &&
            span_ieq(span_of(s->sections[i].domain), span_take(span_of(p->domain), RPT_TEXT_MAX))) {
            return &s->sections[i];
        }
    }
    if (s->section_count == RPT_SECTIONS_MAX) {
        return NULL;
    }
    s->sections = memory_grow_list(s->sections, s->section_count, sizeof(*s->sections));
    struct rpt_section *section = &s->sections[s->section_count++];
    *section = (struct rpt_section){
        .domain = text_copy(p->domain), .mode = text_copy(p->mode), .type = p->type};
    return section;
}

static void add_failure(struct rpt_section *section, const struct rpt_failure *f,
                        const char *organization)
{
    char name[2 * RPT_TEXT_MAX + 4];
    struct rpt_result **result = &section->results[f->result];
    if (*result == NULL) {
        *result = memory_new(1, sizeof(**result));
    }
    (*result)->sessions = sum_up_to_max((*result)->sessions, f->sessions);
    (void)snprintf(name, sizeof(name), "%.200s%s%.45s%s", f->mx_host,
                   f->receiving_ip[0] != '\0' ? " [" : "", f->receiving_ip,
                   f->receiving_ip[0] != '\0' ? "]" : "");
    names_add(&(*result)->hosts, name, f->sessions);
    (void)snprintf(name, sizeof(name), "%.200s %.45s", organization, f->sending_ip);
    names_add(&(*result)->senders, name, f->sessions);
    names_add(&(*result)->reasons,
              f->result == RPT_RESULT_UNKNOWN && f->reason[0] == '\0' ? f->result_text : f->reason,
              f->sessions);
}

static void add_sums(struct rpt_section *section, const struct rpt_policy *p)
{
    struct rpt_detail_sums *sums = &section->sums[p->details];
    sums->reports++;
    sums->failed = sum_up_to_max(sums->failed, p->failed);
    for (size_t i = 0; i < p->failure_count; i++) {
        sums->detailed = sum_up_to_max(sums->detailed, p->failures[i].sessions);
    }
}

/** The first and the last time: RFC 3339 in UTC, so the order of texts is that of times. */
static void add_range(struct rpt_summary *s, const struct rpt_report *r)
{
    if (r->begin[0] != '\0' && (s->begin == NULL || strcmp(r->begin, s->begin) < 0)) {
        free(s->begin);
        s->begin = text_copy(r->begin);
    }
    if (r->end[0] != '\0' && (s->end == NULL || strcmp(r->end, s->end) > 0)) {
        free(s->end);
        s->end = text_copy(r->end);
    }
}

/** The same report often comes by mail and by HTTPS, or lies beside its gzip. */
static bool report_is_repeated(struct rpt_summary *s, const struct rpt_report *r)
{
    char name[2 * RPT_TEXT_MAX + 2];
    (void)snprintf(name, sizeof(name), "%.255s\n%.255s", r->organization, r->report_id);
    struct hash_key key = hash_key_of(span_of(name));
    if (r->report_id[0] == '\0') {
        return false;
    }
    for (size_t i = 0; i < s->known_count; i++) {
        if (hash_key_eq(s->known[i], key)) {
            return true;
        }
    }
    if (s->known_count < RPT_KNOWN_MAX) {
        s->known = memory_grow_list(s->known, s->known_count, sizeof(*s->known));
        s->known[s->known_count++] = key;
    }
    return false;
}

void rpt_summary_add(struct rpt_summary *s, const struct rpt_report *r)
{
    if (report_is_repeated(s, r)) {
        s->repeated++;
        return;
    }
    s->reports++;
    names_add(&s->organizations, r->organization, 1);
    add_range(s, r);
    for (size_t i = 0; i < r->policy_count; i++) {
        const struct rpt_policy *p = &r->policies[i];
        struct rpt_section *section = section_of(s, p);
        if (section == NULL) {
            s->policies_left_out++;
            continue;
        }
        section->succeeded = sum_up_to_max(section->succeeded, p->succeeded);
        section->failed = sum_up_to_max(section->failed, p->failed);
        add_sums(section, p);
        for (size_t k = 0; k < p->failure_count; k++) {
            add_failure(section, &p->failures[k], r->organization);
        }
    }
}

bool rpt_summary_add_source(struct rpt_summary *s, struct text_source *source, const char *origin,
                            struct buf *why)
{
    struct buf octets = BUF_INIT(RPT_OCTETS_MAX);
    struct span chunk;
    bool fits = true;
    while (fits && (chunk = text_source_next(source)).len > 0) {
        fits = buf_append(&octets, chunk);
    }
    if (!fits) {
        buf_putf(why, "%s: over %u octets when unpacked", origin, RPT_OCTETS_MAX);
    }
    struct rpt_report *r = fits && text_source_is_whole(source, why)
                               ? rpt_report_read(buf_span(&octets), origin, why)
                               : NULL;
    buf_deinit(&octets);
    if (r != NULL) {
        rpt_summary_add(s, r);
        rpt_report_free(r);
    }
    return r != NULL;
}

/* --- text ------------------------------------------------------------------------------------ */

/** Those with the most sessions first. */
static size_t names_in_order(const struct rpt_names *n, const struct rpt_name *order[RPT_NAMES_MAX])
{
    for (size_t i = 0; i < n->count; i++) {
        size_t at = i;
        for (; at > 0 && order[at - 1]->sessions < n->at[i].sessions; at--) {
            order[at] = order[at - 1];
        }
        order[at] = &n->at[i];
    }
    return n->count;
}

static void rpt_put_names(struct paper *p, const char *field, const struct rpt_names *n)
{
    const struct rpt_name *order[RPT_NAMES_MAX];
    size_t count = names_in_order(n, order);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < count; i++) {
        buf_putf(&text, "%s%s (%llu)", i > 0 ? ", " : "", order[i]->text,
                 (unsigned long long)order[i]->sessions);
    }
    if (n->others > 0) {
        buf_putf(&text, ", others (%llu)", (unsigned long long)n->others);
    }
    if (text.len > 0) {
        buf_put_char(&text, '\0');
        entry_put_field(p, field, (const char *)text.at);
    }
    buf_deinit(&text);
}

/** "0.28 %", of all sessions. */
static void rpt_put_share(struct paper *p, uint64_t part, uint64_t whole)
{
    if (whole > 0) {
        double share = 100.0 * (double)part / (double)whole;
        paper_putf(p, INK_PLAIN, " (%.2f %% of %llu)", share, (unsigned long long)whole);
    }
}

#define CODES_SHOWN 6

/** Codes with this result type; those of the policy's own area first. */
static void put_rpt_findings(struct paper *p, const char *word, enum rpt_policy_type type)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    const char *area = type == RPT_POLICY_TLSA ? "dane." : "sts.";
    size_t count = 0;
    for (int own = 1; own >= 0; own--) {
        for (unsigned i = 0; i < FINDING_COUNT; i++) {
            const struct finding_info *f = finding_info((enum finding_code)i);
            bool is_own = strncmp(f->code, area, strlen(area)) == 0;
            bool is_foreign = type == RPT_POLICY_TLSA ? strncmp(f->code, "sts.", 4) == 0
                                                      : strncmp(f->code, "dane.", 5) == 0;
            if (strcmp(f->tls_rpt, word) != 0 || is_own != (own == 1) || is_foreign) {
                continue;
            }
            if (count++ < CODES_SHOWN) {
                buf_putf(&text, "%s%s", text.len > 0 ? ", " : "", f->code);
            }
        }
    }
    if (count > CODES_SHOWN) {
        buf_putf(&text, " and %zu more: mxcensus explain %s", count - CODES_SHOWN, word);
    }
    if (text.len > 0) {
        buf_put_char(&text, '\0');
        entry_put_field(p, "findings", (const char *)text.at);
    }
    buf_deinit(&text);
}

static void put_result(struct paper *p, const struct rpt_section *section, unsigned type)
{
    const struct rpt_result *r = section->results[type];
    bool known = type != RPT_RESULT_UNKNOWN;
    const char *word = known ? result_type_word((enum result_type)type) : "other types";
    paper_blank(p);
    paper_begin(p, "", "  ");
    paper_putf(p, INK_STRONG, "%llu", (unsigned long long)r->sessions);
    paper_put(p, INK_FAINT, r->sessions == 1 ? " session: " : " sessions: ");
    paper_put(p, INK_STRONG, word);
    rpt_put_share(p, r->sessions, sum_up_to_max(section->succeeded, section->failed));
    paper_end(p);
    rpt_put_names(p, "MX hosts", &r->hosts);
    rpt_put_names(p, "senders", &r->senders);
    rpt_put_names(p, "reasons", &r->reasons);
    if (known) {
        entry_put_field(p, "means", result_type_vocabulary.words[type].meaning);
        entry_put_field(p, "fix", result_type_fix((enum result_type)type));
        put_rpt_findings(p, word, section->type);
    } else {
        entry_put_field(p, "means", "types of failure that RFC 8460 does not define");
    }
}

/** What a failed session means for the mail. */
static const char *section_effect(const struct rpt_section *section)
{
    if (section->type == RPT_POLICY_TLSA) {
        return "With DANE a failed session delivers nothing: the mail waits, or takes another "
               "host.";
    }
    if (section->type == RPT_POLICY_STS && strncmp(section->mode, "enforce", 7) == 0) {
        return "In mode enforce a failed session delivers nothing: the mail waits, or takes "
               "another "
               "host.";
    }
    if (section->type == RPT_POLICY_STS && strncmp(section->mode, "testing", 7) == 0) {
        return "In mode testing the mail is sent all the same.";
    }
    return NULL;
}

static void put_sums(struct paper *p, const struct rpt_section *section)
{
    for (unsigned i = 0; i < RPT_DETAILS_COUNT; i++) {
        const struct rpt_detail_sums *sums = &section->sums[i];
        if (sums->reports == 0 || i == RPT_DETAILS_AGREE) {
            continue;
        }
        paper_begin(p, "  ", "    ");
        paper_putf(p, i == RPT_DETAILS_CONTRADICT ? INK_WARNING : INK_NOTE,
                   "Details of %llu %s: %llu sessions in them, %llu in the total; %s.",
                   (unsigned long long)sums->reports, sums->reports == 1 ? "report" : "reports",
                   (unsigned long long)sums->detailed, (unsigned long long)sums->failed,
                   rpt_details_vocabulary.words[i].meaning);
        paper_end(p);
    }
}

/** By sessions, the most first. */
static size_t results_in_order(const struct rpt_section *section, unsigned order[RESULT_SLOTS])
{
    size_t count = 0;
    for (unsigned i = 0; i < RESULT_SLOTS; i++) {
        if (section->results[i] == NULL) {
            continue;
        }
        size_t at = count++;
        for (; at > 0 && section->results[order[at - 1]]->sessions < section->results[i]->sessions;
             at--) {
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
    return count;
}

/** A command to be copied has no characters that a shell or an option parser would take otherwise. */
static bool is_domain_like(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    char all[sizeof(letters) + 3];
    (void)snprintf(all, sizeof(all), "%s.-_", letters);
    return text[0] != '\0' && strchr(letters, text[0]) != NULL && strspn(text, all) == strlen(text);
}

static void put_section(struct paper *p, const struct rpt_section *section)
{
    unsigned order[RESULT_SLOTS];
    size_t count = results_in_order(section, order);
    uint64_t all = sum_up_to_max(section->succeeded, section->failed);
    const char *effect = section_effect(section);
    paper_blank(p);
    paper_begin(p, "", "  ");
    paper_put(p, INK_STRONG, section->domain[0] != '\0' ? section->domain : "(no domain)");
    paper_putf(p, INK_PLAIN, ", %s: ", rpt_policy_type_vocabulary.words[section->type].meaning);
    paper_putf(p, section->failed > 0 ? INK_WARNING : INK_GOOD, "%llu failed",
               (unsigned long long)section->failed);
    rpt_put_share(p, section->failed, all);
    paper_putf(p, INK_PLAIN, ", %llu succeeded.", (unsigned long long)section->succeeded);
    if (section->failed > 0 && effect != NULL) {
        paper_putf(p, INK_PLAIN, " %s", effect);
    }
    paper_end(p);
    put_sums(p, section);
    for (size_t i = 0; i < count; i++) {
        put_result(p, section, order[i]);
    }
    if (count > 0 && is_domain_like(section->domain)) {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        buf_putf(&text, "mxcensus check %s", section->domain);
        buf_put_char(&text, '\0');
        entry_put_field(p, "check", (const char *)text.at);
        buf_deinit(&text);
    }
}

void rpt_summary_put_text(const struct rpt_summary *s, struct buf *out, size_t width, bool color)
{
    struct paper p = paper_on(out, width, color);
    paper_begin(&p, "", "");
    paper_putf(&p, INK_PLAIN, "%llu %s of TLS-RPT, sessions from %s to %s.",
               (unsigned long long)s->reports, s->reports == 1 ? "report" : "reports",
               s->begin != NULL ? s->begin : "?", s->end != NULL ? s->end : "?");
    paper_end(&p);
    rpt_put_names(&p, "from", &s->organizations);
    if (s->repeated > 0) {
        paper_begin(&p, "", "");
        paper_putf(&p, INK_NOTE, "%llu more given before: same organization and id, counted once.",
                   (unsigned long long)s->repeated);
        paper_end(&p);
    }
    if (s->section_count == 0 && s->policies_left_out == 0) {
        paper_say(&p, INK_NOTE, "No policy is listed in it: it says nothing of any session.");
    }
    for (size_t i = 0; i < s->section_count; i++) {
        put_section(&p, &s->sections[i]);
    }
    if (s->policies_left_out > 0) {
        paper_blank(&p);
        paper_begin(&p, "", "");
        paper_putf(&p, INK_NOTE,
                   "%llu policies of further domains are left out; give fewer reports.",
                   (unsigned long long)s->policies_left_out);
        paper_end(&p);
    }
    paper_deinit(&p);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void put_json_names(struct json_writer *w, const char *key, const char *what,
                           const struct rpt_names *n)
{
    const struct rpt_name *order[RPT_NAMES_MAX];
    size_t count = names_in_order(n, order);
    json_key(w, key);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(w);
        json_key(w, "name");
        (void)json_text(w, span_of(order[i]->text));
        json_key_uint(w, what, order[i]->sessions);
        json_object_end(w);
    }
    json_array_end(w);
}

static void put_json_result(struct json_writer *w, const struct rpt_section *section, unsigned type)
{
    const struct rpt_result *r = section->results[type];
    bool known = type != RPT_RESULT_UNKNOWN;
    const char *word = known ? result_type_word((enum result_type)type) : NULL;
    json_object_begin(w);
    json_key(w, "result_type");
    json_word(w, word);
    json_key_uint(w, "sessions", r->sessions);
    put_json_names(w, "mx_hosts", "sessions", &r->hosts);
    put_json_names(w, "senders", "sessions", &r->senders);
    put_json_names(w, "reasons", "sessions", &r->reasons);
    json_key(w, "meaning");
    json_word(w, known ? result_type_vocabulary.words[type].meaning : NULL);
    json_key(w, "fix");
    json_word(w, known ? result_type_fix((enum result_type)type) : NULL);
    json_key(w, "findings");
    json_array_begin(w);
    for (unsigned i = 0; known && i < FINDING_COUNT; i++) {
        const struct finding_info *f = finding_info((enum finding_code)i);
        if (strcmp(f->tls_rpt, word) == 0) {
            json_word(w, f->code);
        }
    }
    json_array_end(w);
    json_object_end(w);
}

static void put_json_sums(struct json_writer *w, const struct rpt_section *section)
{
    json_key(w, "details");
    json_object_begin(w);
    for (unsigned i = 0; i < RPT_DETAILS_COUNT; i++) {
        const struct rpt_detail_sums *sums = &section->sums[i];
        json_key(w, rpt_details_word((enum rpt_details)i));
        json_object_begin(w);
        json_key_uint(w, "reports", sums->reports);
        json_key_uint(w, "detailed", sums->detailed);
        json_key_uint(w, "failed", sums->failed);
        json_object_end(w);
    }
    json_object_end(w);
}

static void put_json_section(struct json_writer *w, const struct rpt_section *section)
{
    unsigned order[RESULT_SLOTS];
    size_t count = results_in_order(section, order);
    json_object_begin(w);
    json_key(w, "domain");
    (void)json_text(w, span_of(section->domain));
    json_key(w, "policy_type");
    json_word(w, rpt_policy_type_word(section->type));
    json_key(w, "mode");
    (void)json_text(w, span_of(section->mode));
    json_key_uint(w, "succeeded", section->succeeded);
    json_key_uint(w, "failed", section->failed);
    put_json_sums(w, section);
    json_key(w, "results");
    json_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        put_json_result(w, section, order[i]);
    }
    json_array_end(w);
    json_object_end(w);
}

void rpt_summary_put_json(const struct rpt_summary *s, struct buf *out)
{
    struct json_writer w = json_writer_indented(out);
    json_object_begin(&w);
    json_key(&w, "kind");
    json_word(&w, "TLS-RPT");
    json_key_uint(&w, "reports", s->reports);
    json_key_uint(&w, "repeated_reports", s->repeated);
    put_json_names(&w, "organizations", "reports", &s->organizations);
    json_key(&w, "begin");
    (void)json_text(&w, span_of(s->begin != NULL ? s->begin : ""));
    json_key(&w, "end");
    (void)json_text(&w, span_of(s->end != NULL ? s->end : ""));
    json_key_uint(&w, "policies_left_out", s->policies_left_out);
    json_key(&w, "policies");
    json_array_begin(&w);
    for (size_t i = 0; i < s->section_count; i++) {
        put_json_section(&w, &s->sections[i]);
    }
    json_array_end(&w);
    json_object_end(&w);
    buf_put_char(out, '\n');
}
