#include "output/dictionary.h"

#include "output/row_shape.h"
#include "output/tables.h"
#include "scanner/base/check.h"

/* A cell of a Markdown table: '|' would end it. */
static void put_cell(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|') {
            buf_put_char(out, '\\');
        }
        buf_put_char(out, *text);
    }
}

static const char head[] =
    "# Data dictionary\n"
    "\n"
    "<!-- Made from output/tables/ by output/dictionary.c; a unit test holds it to them. -->\n"
    "\n"
    "The tables of the results of a scan. Rows are written as NDJSON (one JSON object per line,\n"
    "RFC 8259), as CSV (RFC 4180), or as both; the columns and their order are the same.\n"
    "\n"
    "## What a reader may rely on\n"
    "\n"
    "- Every row has `schema`, the version of its layout, `scan_id` and `observed_at`. Keys are "
    "those of "
    "one scan,\n"
    "  in which no two rows of a table have the same; together with `scan_id` they are keys of "
    "rows "
    "of many scans.\n"
    "- Keys come in the order given here. With `--detail normal` a key without a "
    "value is absent;\n"
    "  with `--detail full`, the default, it is there, as `null`. Both mean unknown or not "
    "applicable; an empty "
    "list means that\n"
    "  there is none. Columns marked *key* or *always* are never null. Inside objects, a boolean "
    "that is absent is\n"
    "  false where it is marked *always*, and so are flags of `dns`, `transcript` and `handshake` "
    "objects that have\n"
    "  what the flag is about; an absent `cname_count` beside `rcode` is 0.\n"
    "- Normal says each thing once. Only full repeats `domains.outcomes` (normal has "
    "`outcome_groups`: senders that fare\n"
    "  alike together), `problems.fix` (in `causes`), `problems.causes` of a single cause, "
    "`rollup_primary` where it is\n"
    "  as `rollup`, items of `sts_readiness` that do not apply, operators and groups of endpoints "
    "inside `hosts` and\n"
    "  `domains`, `chain_id` and `leaf_sha256` of the row inside its `handshake`, and what the "
    "attempt that counts has\n"
    "  there as well. `mxcensus analyze --detail full` makes full rows of normal ones.\n"
    "- `--detail summary` also leaves out dialogues, attempts, handshakes of endpoints, verdicts "
    "by trust store, and the\n"
    "  octets of certificates and policies. `detail` in manifest.json says which detail it is, and "
    "whether tables or\n"
    "  columns are left out beside (`partial`): such results are for other programs, and not "
    "read back.\n"
    "- On standard output the rows of all tables are mixed; the first key of each row is `type`,\n "
    " the name of its table.\n"
    "- Times are UTC.\n"
    "- Output is valid UTF-8. Untrusted text (banners, names in certificates, TXT records) is text "
    "that\n"
    "  the other side sent: octets that are not valid UTF-8, or are zero, are replaced with "
    "U+FFFD, and\n"
    "  then the column `<name>_base64` has the exact octets; otherwise that column is null. For a "
    "list,\n"
    "  it is a list of the same length, with null for each text that was not changed.\n"
    "- In JSON, control characters, line separators, and characters that are invisible or turn "
    "the\n"
    "  direction of text (U+202E for one) are escaped: a row is one line for every reader, and can "
    "be\n"
    "  shown on a terminal. A JSON parser gets the text exactly.\n"
    "- Unsigned numbers go up to 2^63 - 1 in principle; the numbers in practice are below 2^53.\n"
    "- `mxcensus schema` has the same as JSON Schema and as tables of databases (warehouse.md).\n"
    "- CSV has a header line and lines ending in CRLF. Lists and objects are their JSON text in "
    "one\n"
    "  field. Null is an empty field, the empty text is `\"\"`. Text that begins with `=` or `@` "
    "stays as it\n"
    "  was sent. CSV has no escapes: a line break or control character other than the tab is shown "
    "as "
    "its\n"
    "  picture, such as U+240A for a line feed, so that a record is one line. A field of more than "
    "32,767\n"
    "  characters is `[N characters]` instead (`--csv-cell-max`). NDJSON has the text exactly.\n"
    "- Compressed files consist of several frames (zstd) or members (gzip), one after the other.\n"
    "\n"
    "## Types\n"
    "\n"
    "| type | in JSON |\n"
    "|---|---|\n";

static void put_types(struct buf *out)
{
    for (unsigned i = 0; i < column_type_vocabulary.count; i++) {
        buf_putf(out, "| %s | ", column_type_vocabulary.words[i].word);
        put_cell(out, column_type_vocabulary.words[i].meaning);
        buf_put_text(out, " |\n");
    }
}

static void put_type(struct buf *out, const struct column *c)
{
    buf_put_text(out, column_type_word(c->type));
    if (c->type == COLUMN_TYPE_OBJECT || c->type == COLUMN_TYPE_OBJECT_LIST) {
        const char *name = nested_definition(c->nested)->name;
        buf_putf(out, " [%s](#object-%s)", name, name);
    }
}

static const char *presence_word(const struct column *c)
{
    enum row_detail detail = column_detail(c);
    switch (c->presence) {
    case COLUMN_PRESENCE_NULLABLE:
        return detail == ROW_DETAIL_FULL ? "full only" : "";
    case COLUMN_PRESENCE_FILLED:
        return detail == ROW_DETAIL_FULL     ? "always in full"
               : detail == ROW_DETAIL_NORMAL ? "always but in summary"
                                             : "always";
    case COLUMN_PRESENCE_KEY:
        return "key";
    }
    UNREACHABLE("unknown column_presence");
}

static void put_columns(struct buf *out, const struct definition *d)
{
    buf_put_text(out, "| column | type | present | meaning | source |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < d->column_count; i++) {
        const struct column *c = &d->columns[i];
        buf_putf(out, "| `%s` | ", c->name);
        put_type(out, c);
        buf_putf(out, " | %s | ", presence_word(c));
        put_cell(out, c->meaning);
        if (c->volatility == COLUMN_VOLATILITY_VOLATILE) {
            buf_put_text(out, " *(volatile)*");
        }
        buf_put_text(out, " | ");
        put_cell(out, c->source);
        buf_put_text(out, " |\n");
    }
}

static void dictionary_put_key(struct buf *out, const struct definition *d)
{
    const char *between = "Key: ";
    for (size_t i = 0; i < d->column_count; i++) {
        if (d->columns[i].presence == COLUMN_PRESENCE_KEY) {
            buf_putf(out, "%s`%s`", between, d->columns[i].name);
            between = ", ";
        }
    }
    buf_put_text(out, ".\n\n");
}

static void put_tables(struct buf *out)
{
    buf_put_text(out, "\n## Tables\n");
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        const struct definition *d = table_definition((enum table_id)t);
        buf_putf(out, "\n### Table `%s`\n\n%s", d->name, d->meaning);
        buf_put_text(out, table_is_csv_only((enum table_id)t) ? " CSV only.\n" : "\n");
        dictionary_put_key(out, d);
        put_columns(out, d);
    }
}

static void put_objects(struct buf *out)
{
    buf_put_text(out, "\n## Objects inside rows\n");
    for (unsigned n = 0; n < NESTED_COUNT; n++) {
        const struct definition *d = nested_definition((enum nested_id)n);
        buf_putf(out, "\n### Object `%s`\n\n%s\n\n", d->name, d->meaning);
        put_columns(out, d);
    }
}

static void put_vocabulary(struct buf *out, const struct vocabulary *v)
{
    buf_putf(out, "\n### Vocabulary `%s`\n\n%s Used in: %s.\n\n| word | meaning |\n|---|---|\n",
             v->name, v->meaning, v->used_in);
    for (unsigned i = 0; i < v->count; i++) {
        if (vocabulary_has_word(v, i)) {
            buf_putf(out, "| `%s` | ", v->words[i].word);
            put_cell(out, v->words[i].meaning);
            buf_put_text(out, " |\n");
        }
    }
}

static void dictionary_put_path(const char *table, const char *path, void *arg)
{
    struct buf *out = arg;
    buf_putf(out, "%s.%s\n", table, path);
}

static void dictionary_put_volatile(struct buf *out)
{
    buf_put_text(out,
                 "\n## Volatile columns\n\n"
                 "Two scans of unchanged servers differ only in these columns: clocks, local\n"
                 "addresses, the cache of the resolver, and the order in which things happen.\n"
                 "The order of rows in a file, and of rows on standard output, is volatile too.\n\n"
                 "```\n");
    columns_each_volatile(dictionary_put_path, out);
    buf_put_text(out, "```\n");
}

void dictionary_write_markdown(struct buf *out, const struct vocabulary *const *vocabularies,
                               unsigned count)
{
    buf_put_text(out, head);
    put_types(out);
    put_tables(out);
    put_objects(out);
    buf_put_text(out, "\n## Vocabularies\n");
    for (unsigned i = 0; i < count; i++) {
        put_vocabulary(out, vocabularies[i]);
    }
    dictionary_put_volatile(out);
}
