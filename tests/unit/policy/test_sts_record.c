#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/policy/sts_record.h"

#define RECORDS_MAX 4

#define F(name)  (1U << STS_RECORD_##name)
#define DIGITS16 "0123456789abcdef"

struct record_case {
    const char *name;
    const char *texts[RECORDS_MAX];
    size_t strict;
    size_t lenient;
    bool valid;
    bool lenient_valid;
    const char *id;
    uint32_t faults;
};

static const struct record_case cases[] = {
    /* what is a record at all */
    {"RFC 8461 3.1: the example",
     {"v=STSv1; id=20160831085700Z;"},
     1,
     1,
     1,
     1,
     "20160831085700Z",
     0},
    {"3.1: [field-delim] at the end is optional", {"v=STSv1;id=1"}, 1, 1, 1, 1, "1", 0},
    {"3.1: WSP is a space or a tab", {"v=STSv1;\t id=1 \t;\t "}, 1, 1, 1, 1, "1", 0},
    {"3.1: no record", {NULL}, 0, 0, 0, 0, "", 0},
    {"3.1: an empty record", {""}, 0, 0, 0, 0, "", F(UNRELATED)},
    {"3.1: another record alone", {"v=spf1 -all"}, 0, 0, 0, 0, "", F(UNRELATED)},
    {"3.1: another record beside it is discarded",
     {"v=spf1 -all", "v=STSv1; id=1;"},
     1,
     1,
     1,
     1,
     "1",
     F(UNRELATED)},
    {"3.1: STSv10 is not STSv1", {"v=STSv10; id=1;"}, 0, 0, 0, 0, "", F(UNRELATED)},
    {"3.1: v=STS1, as operators write it", {"v=STS1; id=1;"}, 0, 0, 0, 0, "", F(UNRELATED)},
    {"3.1: two are none", {"v=STSv1; id=1;", "v=STSv1; id=2;"}, 2, 2, 0, 0, "1", F(MULTIPLE)},
    {"3.1: the same twice are two",
     {"v=STSv1; id=1;", "v=STSv1; id=1;"},
     2,
     2,
     0,
     0,
     "1",
     F(MULTIPLE)},
    {"3.1: one to the letter, one with a space before the semicolon",
     {"v=STSv1 ; id=2", "v=STSv1; id=1;"},
     1,
     2,
     1,
     0,
     "1",
     F(SECOND_LOOSE)},
    {"3.1: two with a space before the semicolon",
     {"v=STSv1 ; id=1", "v=STSv1\t; id=2"},
     0,
     2,
     0,
     0,
     "1",
     F(MULTIPLE) | F(NO_DELIMITER)},
    {"3.1: of several, one with a space before the semicolon is discarded",
     {"v=spf1 -all", "v=STSv1 ; id=1"},
     0,
     1,
     0,
     1,
     "1",
     F(UNRELATED) | F(NO_DELIMITER)},
    {"3.1: one to the letter, one a forgiving sender counts as well",
     {"v=stsv1; id=2", "v=STSv1; id=1;"},
     1,
     2,
     1,
     0,
     "1",
     0},
    {"3.1: two in the lenient reading only",
     {"v=STSv1 id=1", "v=STSv1 id=2"},
     0,
     2,
     0,
     0,
     "1",
     F(NO_DELIMITER)},
    /* its front */
    {"3.1: the version alone", {"v=STSv1"}, 0, 1, 0, 0, "", F(NO_DELIMITER) | F(ID_MISSING)},
    {"3.1: field-delim is *WSP ';' *WSP; the only record is not discarded",
     {"v=STSv1 ;id=1"},
     0,
     1,
     1,
     1,
     "1",
     F(SPACE_BEFORE_DELIMITER)},
    {"3.1: a tab", {"v=STSv1\t; id=1"}, 0, 1, 1, 1, "1", F(SPACE_BEFORE_DELIMITER)},
    {"3.1: a space before the semicolon, and no id",
     {"v=STSv1 ;"},
     0,
     1,
     0,
     0,
     "",
     F(SPACE_BEFORE_DELIMITER) | F(ID_MISSING)},
    {"3.1: a space for a semicolon", {"v=STSv1 id=1;"}, 0, 1, 0, 1, "1", F(NO_DELIMITER)},
    {"3.1: a comma for a semicolon",
     {"v=STSv1, id=1;"},
     0,
     1,
     0,
     0,
     "",
     F(NO_DELIMITER) | F(EXTENSION_SYNTAX) | F(ID_MISSING)},
    {"3.1: case of the version", {"v=stsv1; id=1"}, 0, 1, 0, 1, "1", F(VERSION_CASE)},
    {"3.1: case of the key", {"V=STSv1; id=1"}, 0, 1, 0, 1, "1", F(VERSION_CASE)},
    {"3.1: white space in front", {" v=STSv1; id=1"}, 0, 1, 0, 1, "1", F(VERSION_NOT_FIRST)},
    {"3.1: version behind the id", {"id=1; v=STSv1;"}, 0, 1, 0, 1, "1", F(VERSION_NOT_FIRST)},
    {"3.1: version last, no semicolon", {"id=1; v=STSv1 "}, 0, 1, 0, 1, "1", F(VERSION_NOT_FIRST)},
    {"3.1: white space around the sign", {"v = STSv1; id=1"}, 0, 0, 0, 0, "", F(UNRELATED)},
    {"3.1: in quotes", {"\"v=STSv1; id=1\""}, 0, 1, 0, 0, "1", F(QUOTED)},
    {"3.1: in quotes, with white space", {" \"v=STSv1; id=1;\" "}, 0, 1, 0, 0, "1", F(QUOTED)},
    {"3.1: in single quotes", {"'v=STSv1; id=1;'"}, 0, 1, 0, 0, "1", F(QUOTED)},
    {"3.1: in escaped quotes", {"\\\"v=STSv1; id=1;\\\""}, 0, 1, 0, 0, "1", F(QUOTED)},
    {"3.1: in typographic quotes",
     {"\xe2\x80\x9cv=STSv1; id=1;\xe2\x80\x9d"},
     0,
     1,
     0,
     0,
     "1",
     F(QUOTED)},
    {"3.1: the same in Windows-1252", {"\x93v=STSv1; id=1;\x94"}, 0, 1, 0, 0, "1", F(QUOTED)},
    {"3.1: an opening quote alone", {"\"v=STSv1; id=1;"}, 0, 1, 0, 0, "1", F(QUOTED)},
    {"3.1: in quotes, beside one that is not",
     {"\"v=STSv1; id=2;\"", "v=STSv1; id=1;"},
     1,
     2,
     1,
     0,
     "1",
     0},
    {"3.1: quotes in an extension are none of these",
     {"v=STSv1; id=1; x=\"y\";"},
     1,
     1,
     1,
     1,
     "1",
     0},
    {"3.1: another record in quotes", {"\"v=spf1 -all\""}, 0, 0, 0, 0, "", F(UNRELATED)},
    {"3.1: a byte order mark",
     {"\xef\xbb\xbfv=STSv1; id=1;"},
     0,
     1,
     0,
     0,
     "1",
     F(VERSION_NOT_FIRST)},
    {"3.1: a space that is none of WSP",
     {"\xc2\xa0v=STSv1; id=1;"},
     0,
     1,
     0,
     0,
     "1",
     F(VERSION_NOT_FIRST)},
    {"3.1: a backslash before the semicolon", {"v=STSv1\\; id=1"}, 0, 1, 0, 0, "1", F(ESCAPED)},
    {"3.1: before each", {"v=STSv1\\; id=1\\;"}, 0, 1, 0, 0, "1", F(ESCAPED)},
    {"3.1: before the last alone", {"v=STSv1; id=1\\;"}, 1, 1, 0, 1, "1", F(ESCAPED)},
    {"3.1: a backslash is part of an extension's value",
     {"v=STSv1; id=1; x=a\\;"},
     1,
     1,
     1,
     1,
     "1",
     0},
    /* the id */
    {"3.1: no id", {"v=STSv1;"}, 1, 1, 0, 0, "", F(ID_MISSING)},
    {"3.1: an extension is no id", {"v=STSv1; id2=1;"}, 1, 1, 0, 0, "", F(ID_MISSING)},
    {"3.1: case of id", {"v=STSv1; ID=1;"}, 1, 1, 0, 0, "", F(ID_MISSING)},
    {"3.1: id without a sign",
     {"v=STSv1; id;"},
     1,
     1,
     0,
     0,
     "",
     F(ID_MISSING) | F(EXTENSION_SYNTAX)},
    {"3.1: an empty id", {"v=STSv1; id=;"}, 1, 1, 0, 0, "", F(ID_SYNTAX)},
    {"3.1: a hyphen", {"v=STSv1; id=2026-01-01;"}, 1, 1, 0, 1, "2026-01-01", F(ID_SYNTAX)},
    {"3.1: a dot", {"v=STSv1; id=1.0;"}, 1, 1, 0, 1, "1.0", F(ID_SYNTAX)},
    {"3.1: a second sign", {"v=STSv1; id=a=b;"}, 1, 1, 0, 1, "a=b", F(ID_SYNTAX)},
    {"3.1: white space before the id", {"v=STSv1; id= 1;"}, 1, 1, 0, 1, "1", F(ID_SYNTAX)},
    {"3.1: white space before the sign",
     {"v=STSv1; id =1;"},
     1,
     1,
     0,
     0,
     "",
     F(ID_MISSING) | F(EXTENSION_SYNTAX)},
    {"3.1: white space behind it that no semicolon explains",
     {"v=STSv1; id=1 "},
     1,
     1,
     0,
     1,
     "1",
     F(ID_SYNTAX)},
    {"3.1: 32 characters", {"v=STSv1; id=" DIGITS16 DIGITS16}, 1, 1, 1, 1, DIGITS16 DIGITS16, 0},
    {"3.1: 33 characters",
     {"v=STSv1; id=" DIGITS16 DIGITS16 "g"},
     1,
     1,
     0,
     1,
     DIGITS16 DIGITS16 "g",
     F(ID_TOO_LONG)},
    {"3.2: of two ids the first counts",
     {"v=STSv1; id=1; id=2;"},
     1,
     1,
     1,
     1,
     "1",
     F(DUPLICATE_FIELD)},
    {"3.2: the second is not even read",
     {"v=STSv1; id=1; id=-;"},
     1,
     1,
     1,
     1,
     "1",
     F(DUPLICATE_FIELD)},
    {"3.2: a bad first one is not healed",
     {"v=STSv1; id=-; id=2;"},
     1,
     1,
     0,
     1,
     "-",
     F(ID_SYNTAX) | F(DUPLICATE_FIELD)},
    /* extensions */
    {"3.1: an extension", {"v=STSv1; id=1; a_b-c.d=!~:<>;"}, 1, 1, 1, 1, "1", 0},
    {"3.1: before the id", {"v=STSv1; x=y; id=1"}, 1, 1, 1, 1, "1", 0},
    {"3.1: no value", {"v=STSv1; id=1; x=;"}, 1, 1, 0, 1, "1", F(EXTENSION_SYNTAX)},
    {"3.1: no name", {"v=STSv1; id=1; =x;"}, 1, 1, 0, 1, "1", F(EXTENSION_SYNTAX)},
    {"3.1: no sign", {"v=STSv1; id=1; x;"}, 1, 1, 0, 1, "1", F(EXTENSION_SYNTAX)},
    {"3.1: two signs", {"v=STSv1; id=1; x=y=z;"}, 1, 1, 0, 1, "1", F(EXTENSION_SYNTAX)},
    {"3.1: a space in a value", {"v=STSv1; id=1; x=y z;"}, 1, 1, 0, 1, "1", F(EXTENSION_SYNTAX)},
    {"3.1: a control character", {"v=STSv1; id=1; x=\x01;"}, 1, 1, 0, 1, "1", F(EXTENSION_SYNTAX)},
    {"3.1: a name begins with a letter or digit",
     {"v=STSv1; id=1; _x=y;"},
     1,
     1,
     0,
     1,
     "1",
     F(EXTENSION_SYNTAX)},
    {"3.1: a name of 32", {"v=STSv1; id=1; " DIGITS16 DIGITS16 "=y"}, 1, 1, 1, 1, "1", 0},
    {"3.1: a name of 33",
     {"v=STSv1; id=1; " DIGITS16 DIGITS16 "g=y"},
     1,
     1,
     0,
     1,
     "1",
     F(EXTENSION_SYNTAX)},
    {"3.1: two semicolons at the front", {"v=STSv1;; id=1;"}, 1, 1, 0, 1, "1", F(EXTENSION_SYNTAX)},
    {"3.1: two semicolons at the end", {"v=STSv1; id=1;;"}, 1, 1, 0, 1, "1", F(EXTENSION_SYNTAX)},
    {"3.1: two semicolons with a space",
     {"v=STSv1; id=1; ;"},
     1,
     1,
     0,
     1,
     "1",
     F(EXTENSION_SYNTAX)},
    {"3.2: an extension twice", {"v=STSv1; x=1; id=1; x=2;"}, 1, 1, 1, 1, "1", F(DUPLICATE_FIELD)},
    {"3.2: names of extensions have a case", {"v=STSv1; x=1; id=1; X=2;"}, 1, 1, 1, 1, "1", 0},
    {"3.2: the version twice", {"v=STSv1; id=1; v=STSv1;"}, 1, 1, 1, 1, "1", F(DUPLICATE_FIELD)},
    {"3.1: white space behind a second version is part of its value",
     {"v=STSv1; id=1; v=STSv1 "},
     1,
     1,
     0,
     1,
     "1",
     F(EXTENSION_SYNTAX)},
    {"3.2: mode in the record",
     {"v=STSv1; id=1; mode=enforce;"},
     1,
     1,
     1,
     1,
     "1",
     F(POLICY_FIELDS)},
    {"3.2: max_age in the record",
     {"v=STSv1; id=1; max_age=9;"},
     1,
     1,
     1,
     1,
     "1",
     F(POLICY_FIELDS)},
    {"3.2: mx as it stands in a policy",
     {"v=STSv1; id=1; mx: a.example;"},
     1,
     1,
     0,
     1,
     "1",
     F(POLICY_FIELDS) | F(EXTENSION_SYNTAX)},
    {"3.1: outside ASCII in the id",
     {"v=STSv1; id=\xe2\x80\x9c"
      "1"},
     1,
     1,
     0,
     1,
     "\xe2\x80\x9c"
     "1",
     F(ID_SYNTAX) | F(NON_ASCII)},
    {"3.1: outside ASCII in an extension",
     {"v=STSv1; id=1; x=\xff;"},
     1,
     1,
     0,
     1,
     "1",
     F(EXTENSION_SYNTAX) | F(NON_ASCII)},
};

static bool is_inside(struct span part, const struct span *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (part.at >= texts[i].at && part.at + part.len <= texts[i].at + texts[i].len) {
            return true;
        }
    }
    return part.len == 0;
}

Test(sts_record, cases_of_rfc_8461_section_3_1)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct record_case *c = &cases[i];
        struct span texts[RECORDS_MAX];
        struct sts_records r;
        size_t count = 0;
        while (count < RECORDS_MAX && c->texts[count] != NULL) {
            texts[count] = span_of(c->texts[count]);
            count++;
        }
        sts_records_read(texts, count, &r);
        cr_expect_eq(r.strict_count, c->strict, "%s: %zu strict", c->name, r.strict_count);
        cr_expect_eq(r.lenient_count, c->lenient, "%s: %zu lenient", c->name, r.lenient_count);
        cr_expect_eq(r.valid, c->valid, "%s: valid %d", c->name, r.valid);
        cr_expect_eq(r.lenient_valid, c->lenient_valid, "%s: lenient %d", c->name, r.lenient_valid);
        cr_expect(span_eq(r.id, span_of(c->id)), "%s: id %.*s", c->name, (int)r.id.len,
                  (const char *)r.id.at);
        cr_expect_eq(r.faults, c->faults, "%s: faults %x, not %x", c->name, r.faults, c->faults);
        cr_expect(is_inside(r.id, texts, count), "%s: id is borrowed", c->name);
    }
}

Test(sts_record, the_evidence_is_what_is_at_fault)
{
    static const struct {
        const char *text;
        enum sts_record_fault fault;
        const char *evidence;
    } rows[] = {
        {"v=spf1 -all", STS_RECORD_UNRELATED, "v=spf1 -all"},
        {"v=STSv1 id=1", STS_RECORD_NO_DELIMITER, "v=STSv1 id=1"},
        {"v=STSv1 ; id=1", STS_RECORD_SPACE_BEFORE_DELIMITER, "v=STSv1 ; id=1"},
        {"\"v=STSv1; id=1\"", STS_RECORD_QUOTED, "\"v=STSv1; id=1\""},
        {"v=STSv1\\; id=1", STS_RECORD_ESCAPED, "v=STSv1\\; id=1"},
        {"v=stsv1; id=1", STS_RECORD_VERSION_CASE, "v=stsv1"},
        {"id=1; v=STSv1", STS_RECORD_VERSION_NOT_FIRST, "id=1; v=STSv1"},
        {"v=STSv1; x=y", STS_RECORD_ID_MISSING, "v=STSv1; x=y"},
        {"v=STSv1; id=a-b", STS_RECORD_ID_SYNTAX, "a-b"},
        {"v=STSv1; id=1; x=; y=", STS_RECORD_EXTENSION_SYNTAX, "x="},
        {"v=STSv1; id=1; mode: none", STS_RECORD_POLICY_FIELDS, "mode: none"},
        {"v=STSv1; id=1; id=2", STS_RECORD_DUPLICATE_FIELD, "id"},
        {"v=STSv1; id=1; x=a; x=b", STS_RECORD_DUPLICATE_FIELD, "x"},
        {"v=STSv1; id=\xff", STS_RECORD_NON_ASCII, "v=STSv1; id=\xff"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct span text = span_of(rows[i].text);
        struct sts_records r;
        sts_records_read(&text, 1, &r);
        cr_expect(sts_records_have(&r, rows[i].fault), "%s", rows[i].text);
        cr_expect(span_eq(r.evidence[rows[i].fault], span_of(rows[i].evidence)), "%s: %.*s",
                  rows[i].text, (int)r.evidence[rows[i].fault].len,
                  (const char *)r.evidence[rows[i].fault].at);
    }
}

static void join_quirks(uint32_t quirks, char *text, size_t size)
{
    size_t len = 0;
    text[0] = '\0';
    for (int q = 0; q < STS_RECORD_QUIRK_COUNT; q++) {
        if ((quirks >> q & 1U) != 0) {
            len += (size_t)snprintf(text + len, size - len, "%s ",
                                    sts_record_quirk_word((enum sts_record_quirk)q));
        }
    }
}

Test(sts_record, quirks_are_what_readers_differ_in)
{
    static const struct {
        const char *name;
        const char *texts[RECORDS_MAX];
        bool readable;
        const char *quirks;
    } rows[] = {
        {"RFC 8461 3.1: to the letter", {"v=STSv1; id=1;"}, true, ""},
        {"3.1: spaces of field-delim", {"v=STSv1;  id=1 ; x=y"}, true, ""},
        {"3.1: before the first semicolon", {"v=STSv1 ; id=1"}, true, "space_before_delimiter "},
        {"3.1: behind the last semicolon", {"v=STSv1; id=1; "}, true, "end_delimiter_space "},
        {"3.1: behind the last field", {"v=STSv1; id=1 "}, true, "end_space "},
        {"3.1: behind an extension", {"v=STSv1; id=1; x=y\t"}, true, "end_space "},
        {"3.1: in front", {" v=STSv1; id=1"}, true, "front_space "},
        {"3.1: the version behind the id", {"id=1; v=STSv1"}, true, "version_later "},
        {"3.2: two ids", {"v=STSv1; id=1; id=2"}, true, "duplicate_id "},
        {"3.2: an extension twice", {"v=STSv1; id=1; x=1; x=2"}, true, ""},
        {"3.1: two semicolons", {"v=STSv1;; id=1"}, true, "empty_field "},
        {"3.1: a hyphen", {"v=STSv1; id=2026-01-01"}, true, "id_syntax "},
        {"3.1: an empty id", {"v=STSv1; id=;"}, true, "id_syntax "},
        {"3.1: an id of 33", {"v=STSv1; id=" DIGITS16 DIGITS16 "g"}, true, "id_syntax "},
        {"3.1: a space before the sign", {"v=STSv1; id =1"}, true, "id_space "},
        {"3.1: a field without a sign", {"v=STSv1; id=1; x"}, true, "field_without_sign "},
        {"3.1: two signs", {"v=STSv1; id=1; x=y=z"}, true, "field_syntax "},
        {"3.1: outside ASCII", {"v=STSv1; id=1; x=\xff"}, true, "field_syntax non_ascii "},
        {"3.1: another record", {"v=spf1 -all", "v=STSv1; id=1"}, true, "other_record "},
        {"3.1: one that is meant", {"v=STSv1; id=1", "v=stsv1; id=2"}, true, "other_record "},
        {"3.1: two", {"v=STSv1; id=1", "v=STSv1; id=2"}, true, "second_record "},
        {"3.1: two, both with a space",
         {"v=STSv1 ; id=1", "v=STSv1 ; id=2"},
         true,
         "space_before_delimiter second_record "},
        {"3.1: two, one with a space", {"v=STSv1 ; id=1", "v=STSv1; id=2"}, true, "second_loose "},
        {"3.1: no id", {"v=STSv1; x=y"}, false, ""},
        {"3.1: no delimiter", {"v=STSv1 id=1"}, false, ""},
        {"3.1: case", {"v=stsv1; id=1"}, false, ""},
        {"3.1: in quotes", {"\"v=STSv1; id=1\""}, false, ""},
        {"3.1: a backslash", {"v=STSv1\\; id=1"}, false, ""},
        {"3.1: another record alone", {"v=spf1 -all"}, false, ""},
        {"3.1: none", {NULL}, false, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct span texts[RECORDS_MAX];
        struct sts_records r;
        char quirks[256];
        size_t count = 0;
        while (count < RECORDS_MAX && rows[i].texts[count] != NULL) {
            texts[count] = span_of(rows[i].texts[count]);
            count++;
        }
        sts_records_read(texts, count, &r);
        join_quirks(r.quirks, quirks, sizeof(quirks));
        cr_expect_eq(r.readable, rows[i].readable, "%s", rows[i].name);
        cr_expect_str_eq(quirks, rows[i].quirks, "%s: %s", rows[i].name, quirks);
    }
}

Test(sts_record, a_reading_takes_no_quirk_that_it_does_not_name)
{
    const struct sts_reading none = {0};
    const struct sts_reading some = {.takes = 1, .unsure = 2};
    const struct sts_reading unknown = {.unsure = UINT32_MAX};
    cr_expect_eq(sts_reading_takes(none, true, 0), TRUTH_YES);
    cr_expect_eq(sts_reading_takes(none, true, 1), TRUTH_NO);
    cr_expect_eq(sts_reading_takes(none, false, 0), TRUTH_NO);
    cr_expect_eq(sts_reading_takes(some, true, 1), TRUTH_YES);
    cr_expect_eq(sts_reading_takes(some, true, 3), TRUTH_UNKNOWN);
    cr_expect_eq(sts_reading_takes(some, true, 7), TRUTH_NO, "what it refuses decides");
    cr_expect_eq(sts_reading_takes(unknown, true, 0), TRUTH_YES);
    cr_expect_eq(sts_reading_takes(unknown, true, 7), TRUTH_UNKNOWN);
    cr_expect_eq(sts_reading_takes(unknown, false, 7), TRUTH_NO);
}

Test(sts_record, a_nul_octet_is_no_end)
{
    struct span text = SPAN_LIT("v=STSv1; id=1\0; x=y");
    struct sts_records r;
    sts_records_read(&text, 1, &r);
    cr_expect_eq(r.faults, F(ID_SYNTAX));
    cr_expect_not(r.valid);
}

/* RFC 1035 section 3.3.14: a TXT record holds up to 64 KB. */
Test(sts_record, records_of_64_kb, .timeout = 10)
{
    static const char *const parts[] = {";",        "; ", "a=b;", "abcdefghijklmnop=;",
                                        "v=STSv1;", " ",  "x"};
    static char text[65536];
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        size_t len = strlen(parts[i]);
        memcpy(text, "v=STSv1;id=1;", 13);
        for (size_t at = 13; at < sizeof(text); at++) {
            text[at] = parts[i][(at - 13) % len];
        }
        struct span span = {(const uint8_t *)text, sizeof(text)};
        struct sts_records r;
        for (int n = 0; n < 20; n++) {
            sts_records_read(&span, 1, &r);
        }
        cr_expect_eq(r.strict_count, 1U);
        cr_expect(span_eq(r.id, SPAN_LIT("1")), "%s", parts[i]);
    }
}
