#include "scanner/explain/log_summary.h"

#include "scanner/base/check.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/explain/finding_entries.h"

/* --- counting ------------------------------------------------------------------------------- */

struct host_count {
    char name[LOG_NAME_MAX + 1];
    uint64_t lines;
};

struct entry_count {
    uint64_t lines;
    struct host_count hosts[LOG_HOSTS_MAX];
    size_t host_count;
    uint64_t other_hosts; /* lines about hosts that found no place */
    uint64_t first_line;  /* its number; 0: none yet */
    char example[LOG_SHOWN_MAX];
    size_t example_len;
    char domain[LOG_NAME_MAX + 1]; /* of the first line that has one */
};

struct log_summary {
    const struct log_catalogue *catalogue; /* borrowed */
    struct entry_count *counts;            /* by entry */
    uint64_t lines;
    uint64_t unknown; /* lines about TLS that no entry fits */
    char unknown_text[LOG_UNKNOWN_MAX][LOG_SHOWN_MAX];
    size_t unknown_len[LOG_UNKNOWN_MAX];
    uint64_t unknown_line[LOG_UNKNOWN_MAX];
};

struct log_summary *log_summary_new(const struct log_catalogue *c)
{
    struct log_summary *s = memory_new(1, sizeof(*s));
    s->catalogue = c;
    s->counts = memory_new(c->entry_count, sizeof(*s->counts));
    return s;
}

void log_summary_free(struct log_summary *s)
{
    if (s != NULL) {
        free(s->counts);
        free(s);
    }
}

static void name_set(char to[LOG_NAME_MAX + 1], struct span name)
{
    size_t len = name.len < LOG_NAME_MAX ? name.len : LOG_NAME_MAX;
    memcpy(to, name.at, len);
    to[len] = '\0';
}

static void log_count_host(struct entry_count *e, const struct log_places *places)
{
    struct span name = places->host.len > 0 ? places->host : places->address;
    if (name.len == 0) {
        return;
    }
    for (size_t i = 0; i < e->host_count; i++) {
        if (span_ieq(span_of(e->hosts[i].name), name)) {
            e->hosts[i].lines++;
            return;
        }
    }
    if (e->host_count == LOG_HOSTS_MAX) {
        e->other_hosts++;
        return;
    }
    name_set(e->hosts[e->host_count].name, name);
    e->hosts[e->host_count++].lines = 1;
}

static void count_unknown(struct log_summary *s, struct span line)
{
    if (s->unknown < LOG_UNKNOWN_MAX) {
        struct span shown = span_take(line, LOG_SHOWN_MAX);
        memcpy(s->unknown_text[s->unknown], shown.at, shown.len);
        s->unknown_len[s->unknown] = shown.len;
        s->unknown_line[s->unknown] = s->lines;
    }
    s->unknown++;
}

void log_summary_add_line(struct log_summary *s, struct span line)
{
    struct log_reading r;
    line = text_trim(line);
    s->lines++;
    log_line_read(s->catalogue, line, &r);
    if (r.entry == NULL) {
        if (r.about_tls) {
            count_unknown(s, line);
        }
        return;
    }
    struct entry_count *e = &s->counts[r.entry - s->catalogue->entries];
    e->lines++;
    log_count_host(e, &r.places);
    if (e->first_line == 0) {
        struct span shown = span_take(line, LOG_SHOWN_MAX);
        memcpy(e->example, shown.at, shown.len);
        e->example_len = shown.len;
        e->first_line = s->lines;
    }
    if (e->domain[0] == '\0' && r.places.domain.len > 0) {
        name_set(e->domain, r.places.domain);
    }
}

bool log_summary_add(struct log_summary *s, struct text_source *source, struct buf *why)
{
    struct buf begun =
        BUF_INIT(LOG_LINE_MAX); /* of a line that the chunk cut; its rest is left out beyond */
    struct span chunk;
    while ((chunk = text_source_next(source)).len > 0) {
        while (chunk.len > 0) {
            const uint8_t *end = memchr(chunk.at, '\n', chunk.len);
            struct span part = span_take(chunk, end != NULL ? (size_t)(end - chunk.at) : chunk.len);
            if (end != NULL && begun.len == 0) {
                log_summary_add_line(s, part);
            } else {
                (void)buf_append(&begun, span_take(part, LOG_LINE_MAX - begun.len));
                if (end != NULL) {
                    log_summary_add_line(s, buf_span(&begun));
                    buf_reset(&begun);
                }
            }
            chunk = span_drop(chunk, part.len + (end != NULL));
        }
    }
    if (begun.len > 0) {
        log_summary_add_line(s, buf_span(&begun));
    }
    buf_deinit(&begun);
    return text_source_is_whole(source, why);
}

/* --- text ----------------------------------------------------------------------------------- */

static void put_codes(struct paper *p, const struct log_entry *e)
{
    for (size_t i = 0; i < e->finding_count; i++) {
        const struct finding_info *f = finding_info(e->findings[i]);
        paper_begin(p, "  ", "             ");
        paper_put(p, INK_FAINT, i == 0 ? "findings" : "");
        paper_tab(p, 13);
        paper_put(p, finding_ink(f->severity_max), f->code);
        paper_putf(p, INK_PLAIN, ": %s", f->symptom);
        paper_end(p);
    }
}

static void put_meaning(struct paper *p, const struct log_entry *e)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    entry_put_field(p, "to act", log_actor_vocabulary.words[e->actor].meaning);
    entry_put_field(p, "cause", e->cause);
    entry_put_field(p, "fix", e->fix);
    put_codes(p, e);
    buf_putf(&text, "%s; %s%s", e->source, e->seen != NULL ? "seen in " : "not seen running by us",
             e->seen != NULL ? e->seen : "");
    buf_put_char(&text, '\0');
    entry_put_field(p, "source", (const char *)text.at);
    buf_deinit(&text);
}

static void put_field_span(struct paper *p, const char *name, struct span text)
{
    struct buf copy = BUF_INIT(BUF_NO_LIMIT);
    buf_put(&copy, text);
    for (size_t i = 0; i < copy.len; i++) {
        copy.at[i] = copy.at[i] == '\0' ? ' ' : copy.at[i];
    }
    buf_put_char(&copy, '\0');
    entry_put_field(p, name, (const char *)copy.at);
    buf_deinit(&copy);
}

/** The recipient's domain can be checked, or the host alone; of a client nothing can. */
static void put_check(struct paper *p, const struct log_entry *e, struct span domain,
                      struct span host)
{
    struct span name = domain.len > 0 ? domain : host;
    if (e->role != LOG_ROLE_RECEIVING && name.len > 0 && name.at[0] != '-' &&
        e->weight == LOG_WEIGHT_PROBLEM) {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        buf_putf(&text, "mxcensus check %s%.*s", domain.len > 0 ? "" : "--host ", (int)name.len,
                 (const char *)name.at);
        put_field_span(p, "check", buf_span(&text));
        buf_deinit(&text);
    }
}

static void log_put_title(struct paper *p, const struct log_entry *e)
{
    paper_begin(p, "", "  ");
    paper_put(p, e->weight == LOG_WEIGHT_PROBLEM ? INK_STRONG : INK_PLAIN, e->happened);
    paper_putf(p, INK_FAINT, " (%s)", e->software);
    paper_end(p);
}

bool log_line_put_text(const struct log_catalogue *c, const char *line, struct buf *out,
                       size_t width, bool color)
{
    struct log_reading r;
    log_line_read(c, span_of(line), &r);
    if (r.entry == NULL) {
        return false;
    }
    struct paper p = paper_on(out, width, color);
    struct buf host = BUF_INIT(BUF_NO_LIMIT);
    log_put_title(&p, r.entry);
    put_meaning(&p, r.entry);
    buf_put(&host, r.places.host);
    if (r.places.address.len > 0) {
        buf_putf(&host, "%s[%.*s]", host.len > 0 ? " " : "", (int)r.places.address.len,
                 (const char *)r.places.address.at);
    }
    if (host.len > 0) {
        put_field_span(&p, r.entry->role == LOG_ROLE_RECEIVING ? "client" : "host",
                       buf_span(&host));
    }
    if (r.places.domain.len > 0) {
        put_field_span(&p, "domain", r.places.domain);
    }
    put_check(&p, r.entry, r.places.domain, r.places.host);
    buf_deinit(&host);
    paper_deinit(&p);
    return true;
}

#define PHRASE_MIN  6 /* octets: fewer are in too many lines */
#define PHRASES_MAX 8 /* entries that are shown */

static bool line_has(const char *line, struct span phrase)
{
    size_t len = strlen(line);
    for (size_t i = 0; i + phrase.len <= len; i++) {
        if (span_ieq((struct span){(const uint8_t *)line + i, phrase.len}, phrase)) {
            return true;
        }
    }
    return false;
}

static void put_phrase_entry(struct paper *p, const struct log_entry *e, bool only)
{
    log_put_title(p, e);
    if (only) {
        put_meaning(p, e);
    }
    put_field_span(p, "line", span_of(e->example));
}

bool log_phrase_put_text(const struct log_catalogue *c, const char *phrase, struct buf *out,
                         size_t width, bool color)
{
    const struct log_entry *found[PHRASES_MAX];
    size_t count = 0;
    struct span words = text_trim(span_of(phrase));
    for (size_t i = 0; i < c->entry_count && words.len >= PHRASE_MIN && count < PHRASES_MAX; i++) {
        if (line_has(c->entries[i].example, words)) {
            found[count++] = &c->entries[i];
        }
    }
    struct paper p = paper_on(out, width, color);
    if (count > 1) {
        paper_say(&p, INK_PLAIN, "Lines with these words; for cause and fix give the whole line:");
    }
    for (size_t i = 0; i < count; i++) {
        if (count > 1) {
            paper_blank(&p);
        }
        put_phrase_entry(&p, found[i], count == 1);
    }
    paper_deinit(&p);
    return count > 0;
}

/** Entries that occur, problems before what is normal, the frequent first. */
static size_t order_of(const struct log_summary *s, size_t order[LOG_ENTRIES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < s->catalogue->entry_count; i++) {
        if (s->counts[i].lines == 0) {
            continue;
        }
        size_t at = count++;
        for (; at > 0; at--) {
            const struct log_entry *before = &s->catalogue->entries[order[at - 1]];
            const struct log_entry *e = &s->catalogue->entries[i];
            if (before->weight < e->weight ||
                (before->weight == e->weight &&
                 s->counts[order[at - 1]].lines >= s->counts[i].lines)) {
                break;
            }
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
    return count;
}

/** The hosts with the most lines first. */
static size_t hosts_in_order(const struct entry_count *e,
                             const struct host_count *order[LOG_HOSTS_MAX])
{
    for (size_t i = 0; i < e->host_count; i++) {
        size_t at = i;
        for (; at > 0 && order[at - 1]->lines < e->hosts[i].lines; at--) {
            order[at] = order[at - 1];
        }
        order[at] = &e->hosts[i];
    }
    return e->host_count;
}

#define HOSTS_SHOWN 6

static void log_put_hosts(struct paper *p, const struct log_entry *entry,
                          const struct entry_count *e)
{
    const struct host_count *order[LOG_HOSTS_MAX];
    size_t count = hosts_in_order(e, order);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    uint64_t others = e->other_hosts;
    for (size_t i = 0; i < count; i++) {
        if (i < HOSTS_SHOWN) {
            buf_putf(&text, "%s%s (%llu)", i > 0 ? ", " : "", order[i]->name,
                     (unsigned long long)order[i]->lines);
        } else {
            others += order[i]->lines;
        }
    }
    if (others > 0) {
        buf_putf(&text, ", others (%llu)", (unsigned long long)others);
    }
    if (text.len > 0) {
        put_field_span(p, entry->role == LOG_ROLE_RECEIVING ? "clients" : "hosts", buf_span(&text));
    }
    buf_deinit(&text);
}

static void put_numbered(struct paper *p, const char *name, uint64_t number, struct span line)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&text, "line %llu: ", (unsigned long long)number);
    buf_put(&text, line);
    put_field_span(p, name, buf_span(&text));
    buf_deinit(&text);
}

static void put_counted(struct paper *p, const struct log_summary *s, size_t i)
{
    const struct log_entry *entry = &s->catalogue->entries[i];
    const struct entry_count *e = &s->counts[i];
    paper_blank(p);
    paper_begin(p, "", "  ");
    paper_putf(p, INK_STRONG, "%llu", (unsigned long long)e->lines);
    paper_putf(p, INK_FAINT, " %s: ", e->lines == 1 ? "line" : "lines");
    paper_put(p, entry->weight == LOG_WEIGHT_PROBLEM ? INK_STRONG : INK_PLAIN, entry->happened);
    paper_putf(p, INK_FAINT, " (%s)", entry->software);
    paper_end(p);
    if (entry->weight == LOG_WEIGHT_NORMAL) {
        return;
    }
    log_put_hosts(p, entry, e);
    put_meaning(p, entry);
    put_check(p, entry, span_of(e->domain), span_of(e->host_count > 0 ? e->hosts[0].name : ""));
    put_numbered(p, "first", e->first_line,
                 (struct span){(const uint8_t *)e->example, e->example_len});
}

static uint64_t log_sum_of(const struct log_summary *s, enum log_weight weight)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < s->catalogue->entry_count; i++) {
        sum += s->catalogue->entries[i].weight == weight ? s->counts[i].lines : 0;
    }
    return sum;
}

void log_summary_put_text(const struct log_summary *s, struct buf *out, size_t width, bool color)
{
    size_t order[LOG_ENTRIES_MAX];
    size_t count = order_of(s, order);
    struct paper p = paper_on(out, width, color);
    paper_begin(&p, "", "");
    paper_putf(&p, INK_PLAIN,
               "%llu lines: %llu about problems, %llu that are normal for TLS, %llu about TLS that "
               "the catalogue does not know; the others are not about TLS.",
               (unsigned long long)s->lines, (unsigned long long)log_sum_of(s, LOG_WEIGHT_PROBLEM),
               (unsigned long long)log_sum_of(s, LOG_WEIGHT_NORMAL),
               (unsigned long long)s->unknown);
    paper_end(&p);
    for (size_t i = 0; i < count; i++) {
        put_counted(&p, s, order[i]);
    }
    if (s->unknown > 0) {
        paper_blank(&p);
        paper_begin(&p, "", "  ");
        paper_putf(&p, INK_STRONG, "%llu", (unsigned long long)s->unknown);
        paper_put(&p, INK_PLAIN, " about TLS that the catalogue does not know; the first:");
        paper_end(&p);
    }
    for (size_t i = 0; i < s->unknown && i < LOG_UNKNOWN_MAX; i++) {
        put_numbered(&p, "", s->unknown_line[i],
                     (struct span){(const uint8_t *)s->unknown_text[i], s->unknown_len[i]});
    }
    paper_deinit(&p);
}

/* --- JSON ----------------------------------------------------------------------------------- */

static void put_json_meaning(struct json_writer *w, const struct log_entry *e)
{
    const struct {
        const char *key;
        const char *value;
    } texts[] = {
        {"id", e->id},
        {"software", e->software},
        {"role", log_role_word(e->role)},
        {"weight", log_weight_word(e->weight)},
        {"act", log_actor_word(e->actor)},
        {"happened", e->happened},
        {"cause", e->cause},
        {"fix", e->fix},
        {"source", e->source},
        {"seen", e->seen},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_key(w, texts[i].key);
        json_word(w, texts[i].value);
    }
    json_key(w, "findings");
    json_array_begin(w);
    for (size_t i = 0; i < e->finding_count; i++) {
        json_word(w, finding_info(e->findings[i])->code);
    }
    json_array_end(w);
}

static void put_json_span(struct json_writer *w, const char *key, struct span text)
{
    json_key(w, key);
    if (text.len > 0) {
        (void)json_text(w, text);
    } else {
        json_null_value(w);
    }
}

bool log_line_put_json(const struct log_catalogue *c, const char *line, struct buf *out)
{
    struct log_reading r;
    log_line_read(c, span_of(line), &r);
    if (r.entry == NULL) {
        return false;
    }
    struct json_writer w = json_writer_indented(out);
    json_object_begin(&w);
    json_key(&w, "kind");
    json_word(&w, "log line");
    put_json_meaning(&w, r.entry);
    put_json_span(&w, "host", r.places.host);
    put_json_span(&w, "address", r.places.address);
    put_json_span(&w, "domain", r.places.domain);
    json_object_end(&w);
    buf_put_char(out, '\n');
    return true;
}

static void put_json_count(struct json_writer *w, const struct log_summary *s, size_t i)
{
    const struct entry_count *e = &s->counts[i];
    const struct host_count *order[LOG_HOSTS_MAX];
    size_t hosts = hosts_in_order(e, order);
    json_object_begin(w);
    json_key_uint(w, "lines", e->lines);
    put_json_meaning(w, &s->catalogue->entries[i]);
    json_key(w, "hosts");
    json_array_begin(w);
    for (size_t k = 0; k < hosts; k++) {
        json_object_begin(w);
        put_json_span(w, "host", span_of(order[k]->name));
        json_key_uint(w, "lines", order[k]->lines);
        json_object_end(w);
    }
    json_array_end(w);
    json_key_uint(w, "other_hosts_lines", e->other_hosts);
    put_json_span(w, "domain", span_of(e->domain));
    json_key_uint(w, "first_line", e->first_line);
    put_json_span(w, "first", (struct span){(const uint8_t *)e->example, e->example_len});
    json_object_end(w);
}

void log_summary_put_json(const struct log_summary *s, struct buf *out)
{
    size_t order[LOG_ENTRIES_MAX];
    size_t count = order_of(s, order);
    struct json_writer w = json_writer_indented(out);
    json_object_begin(&w);
    json_key(&w, "kind");
    json_word(&w, "log");
    json_key_uint(&w, "lines", s->lines);
    json_key_uint(&w, "unknown_tls_lines", s->unknown);
    json_key(&w, "unknown_first");
    json_array_begin(&w);
    for (size_t i = 0; i < s->unknown && i < LOG_UNKNOWN_MAX; i++) {
        (void)json_text(&w, (struct span){(const uint8_t *)s->unknown_text[i], s->unknown_len[i]});
    }
    json_array_end(&w);
    json_key(&w, "entries");
    json_array_begin(&w);
    for (size_t i = 0; i < count; i++) {
        put_json_count(&w, s, order[i]);
    }
    json_array_end(&w);
    json_object_end(&w);
    buf_put_char(out, '\n');
}
