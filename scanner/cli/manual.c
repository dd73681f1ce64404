#include "scanner/cli/manual.h"

#include "scanner/cli/option_table.h"

/** A hyphen is escaped, so that troff prints the one that can be copied to a command line. */
static void put_troff(struct buf *b, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\\') {
            buf_put_text(b, "\\e");
        } else if (*c == '-') {
            buf_put_text(b, "\\-");
        } else if ((*c == '.' || *c == '\'') && (c == text || c[-1] == '\n')) {
            buf_put_text(b, "\\&");
            buf_put_char(b, *c);
        } else {
            buf_put_char(b, *c);
        }
    }
}

/** "Default: record; of check: dial." */
static void put_manual_presets(struct buf *b, const struct option_row *row)
{
    if (row->preset == NULL) {
        return;
    }
    buf_put_text(b, "\nDefault: ");
    put_troff(b, row->preset);
    if (option_is_of(row, COMMAND_CHECK) && option_preset(row, COMMAND_CHECK) != row->preset) {
        buf_put_text(b, "; of check: ");
        put_troff(b, option_preset(row, COMMAND_CHECK));
    }
    buf_put_char(b, '.');
}

/** Those that know it, unless all do. */
static void put_manual_commands(struct buf *b, const struct option_row *row)
{
    const char *before = "(";
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        if (row->group != OPTION_GROUP_OTHER && option_is_of(row, c)) {
            buf_putf(b, "%s%s", before, command_info(c)->word);
            before = ", ";
        }
    }
    buf_put_text(b, row->group != OPTION_GROUP_OTHER ? ")\n" : "");
}

/** The option as a tag of .TP, on one line. */
static void put_manual_tag(struct buf *b, const struct option_row *row)
{
    buf_put_text(b, ".TP\n");
    if (row->letter != 0) {
        buf_putf(b, "\\fB\\-%c\\fR, ", row->letter);
    }
    buf_put_text(b, "\\fB\\-\\-");
    put_troff(b, row->name);
    buf_put_text(b, "\\fR");
    if (row->argument != NULL) {
        buf_put_text(b, " \\fI");
        put_troff(b, row->argument);
        buf_put_text(b, "\\fR");
    }
    buf_put_char(b, '\n');
}

void manual_put_options(struct buf *b)
{
    enum option_group last = OPTION_GROUP_COUNT;
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table[i];
        if (row->group != last) {
            last = row->group;
            buf_putf(b, ".SS %s\n", option_group_title(row->group));
        }
        put_manual_tag(b, row);
        put_manual_commands(b, row);
        put_troff(b, row->manual);
        put_manual_presets(b, row);
        buf_put_char(b, '\n');
    }
}

/* --- the page of one command ---------------------------------------------------------------- */

static struct span span_before(struct span whole, struct span rest)
{
    return span_take(whole, whole.len - rest.len);
}

static struct span page_take_line(struct span *rest)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->at, '\n', rest->len) : NULL;
    struct span line = span_take(*rest, end != NULL ? (size_t)(end - rest->at) + 1 : rest->len);
    *rest = span_drop(*rest, line.len);
    return line;
}

static bool line_begins(struct span line, const char *with)
{
    return span_eq(span_take(line, strlen(with)), span_of(with));
}

/** What stands between the line `heading` and the next line that begins with one of `ends`. */
static bool find_part(struct span page, struct span heading, const char *const ends[],
                      struct span *part)
{
    struct span rest = page;
    while (rest.len > 0 && !span_eq(page_take_line(&rest), heading)) {
    }
    *part = rest;
    while (rest.len > 0) {
        struct span before = rest;
        struct span line = page_take_line(&rest);
        for (size_t i = 0; ends[i] != NULL; i++) {
            if (line_begins(line, ends[i])) {
                *part = span_before(*part, before);
                return part->len > 0;
            }
        }
    }
    return part->len > 0;
}

static bool span_has(struct span s, const char *text)
{
    return s.len > 0 && memmem(s.at, s.len, text, strlen(text)) != NULL;
}

/** Of a section in .nf the lines, with those that go on behind a backslash, that call the command. */
static void put_examples(struct buf *b, struct span section, enum command c)
{
    struct buf call = BUF_INIT(BUF_NO_LIMIT);
    size_t start = b->len;
    buf_put_text(&call, "mxcensus ");
    put_troff(&call, command_info(c)->word);
    buf_put_text(&call, " ");
    buf_put_char(&call, '\0');
    buf_put_text(b, ".SH EXAMPLES\n.nf\n");
    size_t none = b->len;
    while (section.len > 0) {
        struct span example = section;
        struct span line;
        do {
            line = page_take_line(&section);
        } while (section.len > 0 && span_ends_with(line, SPAN_LIT("\\e\n")));
        example = span_before(example, section);
        if (span_has(example, (const char *)call.at)) {
            buf_put(b, example);
        }
    }
    if (b->len == none) {
        b->len = start;
    } else {
        buf_put_text(b, ".fi\n");
    }
    buf_deinit(&call);
}

static void put_command_options(struct buf *b, enum command c)
{
    enum option_group last = OPTION_GROUP_COUNT;
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table[i];
        if (!option_is_of(row, c)) {
            continue;
        }
        if (row->group != last) {
            last = row->group;
            buf_putf(b, ".SS %s\n", option_group_title(row->group));
        }
        put_manual_tag(b, row);
        put_troff(b, row->manual);
        if (option_preset(row, c) != NULL) {
            buf_put_text(b, "\nDefault: ");
            put_troff(b, option_preset(row, c));
            buf_put_char(b, '.');
        }
        buf_put_char(b, '\n');
    }
}

static void put_see_also(struct buf *b, enum command c)
{
    buf_put_text(b, ".SH SEE ALSO\n.BR mxcensus (1)");
    for (enum command other = 0; other < COMMAND_COUNT; other++) {
        if (other != c) {
            buf_put_text(b, ",\n.BR mxcensus\\-");
            put_troff(b, command_info(other)->word);
            buf_put_text(b, " (1)");
        }
    }
    buf_put_text(b, "\n.PP\ndocs/ and datasets/ are in share/doc/mxcensus below the prefix of the "
                    "installation, as in the source.\n");
}

bool manual_put_command(struct buf *b, enum command c, struct span page)
{
    static const char *const until_section[] = {".SH ", NULL};
    static const char *const until_subsection[] = {".SS ", ".SH ", NULL};
    static const char *const until_break[] = {".br", ".SH ", NULL};
    const char *title = command_info(c)->word;
    struct buf heading = BUF_INIT(BUF_NO_LIMIT);
    struct span synopsis;
    struct span description;
    struct span ends;
    struct span examples;
    buf_put_text(&heading, ".B mxcensus ");
    put_troff(&heading, title);
    buf_put_char(&heading, '\n');
    bool ok = find_part(page, buf_span(&heading), until_break, &synopsis);
    buf_putf(b, ".TH MXCENSUS\\-");
    for (const char *at = title; *at != '\0'; at++) {
        buf_put_text(b, *at == '-' ? "\\" : "");
        buf_put_char(b, (char)(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at));
    }
    buf_put_text(b, " 1 \"\" \"mxcensus " MXCENSUS_VERSION "\" \"User Commands\"\n"
                    ".SH NAME\nmxcensus\\-");
    put_troff(b, title);
    buf_put_text(b, " \\- ");
    put_troff(b, command_info(c)->help);
    buf_put_text(b, "\n.SH SYNOPSIS\n");
    buf_put(b, buf_span(&heading));
    buf_put(b, synopsis);
    buf_reset(&heading);
    buf_put_text(&heading, ".SS ");
    put_troff(&heading, title);
    buf_put_char(&heading, '\n');
    ok = ok && find_part(page, buf_span(&heading), until_subsection, &description) &&
         find_part(page, SPAN_LIT(".SH EXIT STATUS\n"), until_section, &ends) &&
         find_part(page, SPAN_LIT(".SH EXAMPLES\n"), until_section, &examples);
    if (ok) {
        buf_put_text(b, ".SH DESCRIPTION\n");
        buf_put(b, description);
        buf_put_text(b, ".SH OPTIONS\n");
        put_command_options(b, c);
        buf_put_text(b, ".SH EXIT STATUS\nThat of all commands:\n");
        buf_put(b, ends);
        put_examples(b, examples, c);
        put_see_also(b, c);
    }
    buf_deinit(&heading);
    return ok;
}
