#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "scanner/base/buf.h"
#include "scanner/domain/domain_source.h"

/*
 * A record as text: "LINE:domain" or "LINE:<word>input", then " name=value" for the other columns;
 * records are joined by '|'.
 */
struct source_case {
    const char *name;
    const char *column;
    struct span input;
    const char *want;
};

static const struct source_case cases[] = {
    /* plain lists */
    {"empty input", NULL, SPAN_INIT(""), ""},
    {"plain", NULL, SPAN_INIT("a.test\nb.test\n"), "1:a.test|2:b.test"},
    {"last line without its end", NULL, SPAN_INIT("a.test\nb.test"), "1:a.test|2:b.test"},
    {"CRLF", NULL, SPAN_INIT("a.test\r\nb.test\r\n"), "1:a.test|2:b.test"},
    {"CR at the end of the input", NULL, SPAN_INIT("a.test\r"), "1:a.test"},
    {"comments and blank lines count as lines", NULL,
     SPAN_INIT("# \"top\n\n  \t\na.test\n  # x\nb.test\n"), "4:a.test|6:b.test"},
    {"only comments", NULL, SPAN_INIT("#a\n#b"), ""},
    {"a comment behind white space", NULL,
     SPAN_INIT("a.test # x\nb.test\t#x\n c.test  # x, y # z\nd.test#x\nhttp://e.test/#x\n"),
     "1:a.test|2:b.test|3:c.test|4:<bad_character>d.test#x|5:e.test"},
    {"a comment with commas in the first line", NULL, SPAN_INIT("a.test # x, y; z.test\nb.test\n"),
     "1:a.test|2:b.test"},
    {"a comment behind a tab in the first line", NULL,
     SPAN_INIT("a.test\t# x\nb.test # y\nc.test\n"), "1:a.test|2:b.test|3:c.test"},
    {"a number sign in a second column", NULL, SPAN_INIT("a.test\t#5\nb.test\t#6\n"),
     "1:a.test column_2=#5|2:b.test column_2=#6"},
    {"a comment below a header", NULL, SPAN_INIT("Domain\na.test # x, y\n\"b.test\"\n"),
     "2:a.test|3:b.test"},
    {"CSV has no comments in lines", NULL, SPAN_INIT("a.test,x # y\nb.test # z,w\n"),
     "1:a.test column_2=x # y|2:<bad_character>b.test # z column_2=w"},
    {"mail addresses in brackets, and comments", NULL,
     SPAN_INIT("<x@a.test>\nJoe <joe@b.test> # x\n<c.test>\n"),
     "1:a.test|2:b.test|3:<bad_character><c.test>"},
    {"mail addresses behind quoted names", NULL,
     SPAN_INIT("\"Doe, Joe\" <joe@a.test>\n\"Roe\" <r@b.test>\n"), "1:a.test|2:b.test"},
    {"byte order mark", NULL, SPAN_INIT("\xef\xbb\xbf#c\na.test\n"), "2:a.test"},
    {"byte order mark alone", NULL, SPAN_INIT("\xef\xbb\xbf"), ""},
    {"UTS 46 4: a mark further down maps to nothing", NULL,
     SPAN_INIT("a.test\n\xef\xbb\xbf\x62.test\n"), "1:a.test|2:b.test"},
    {"malformed lines", NULL, SPAN_INIT("a.test\nb c\n..\n192.0.2.1\n"),
     "1:a.test|2:<bad_character>b c|3:<empty_label>..|4:<ip_address>192.0.2.1"},
    {"forms of a name", NULL, SPAN_INIT("A.Test.\nx@B.test\n b\xc3\xbc.test \n"),
     "1:a.test|2:b.test|3:xn--b-eha.test"},
    {"plain from the first line on", NULL, SPAN_INIT("a.test\nb.test,1\n\"c.test\"\n"),
     "1:a.test|2:<bad_character>b.test,1|3:<bad_character>\"c.test\""},
    {"first line malformed", NULL, SPAN_INIT("a b\nc.test\n"), "1:<bad_character>a b|2:c.test"},
    {"NUL", NULL, SPAN_INIT("a\0b.test\nc.test\n"), "1:<bad_character>a"},
    {"a single label is no header", NULL, SPAN_INIT("com\nname\n"), "1:com|2:name"},
    {"a header alone", NULL, SPAN_INIT("Domain\na.test\n\"b.test\"\n"), "2:a.test|3:b.test"},

    /* CSV: RFC 4180 section 2 */
    {"Tranco", NULL, SPAN_INIT("1,a.test\n2,b.test\n"), "1:a.test rank=1|2:b.test rank=2"},
    {"Tranco, CRLF", NULL, SPAN_INIT("1,a.test\r\n2,b.test\r\n"),
     "1:a.test rank=1|2:b.test rank=2"},
    {"number, then no domain", NULL, SPAN_INIT("1,com\n2,b.test\n"),
     "1:com rank=1|2:b.test rank=2"},
    {"the first field that is a domain", NULL, SPAN_INIT("x,2,a.test,b.test\ny,3,c.test,d\n"),
     "1:a.test column_1=x column_2=2 column_4=b.test|2:c.test column_1=y column_2=3 column_4=d"},
    {"domain first", NULL, SPAN_INIT("a.test,x\nb.test,\n"),
     "1:a.test column_2=x|2:b.test column_2="},
    {"header", NULL, SPAN_INIT("Rank,Domain,TLD\n1,a.test,test\n"), "2:a.test Rank=1 TLD=test"},
    {"header of other words", NULL, SPAN_INIT("kunde,domaene\na.test,b.test\nc.test,d.test\n"),
     "2:a.test domaene=b.test|3:c.test domaene=d.test"},
    {"the same, --column", "2", SPAN_INIT("kunde,domaene\nx,b.test\ny,d.test\n"),
     "2:b.test kunde=x|3:d.test kunde=y"},
    {"other words, and one line below tells nothing", NULL, SPAN_INIT("com,x\na.test,y\n"),
     "1:com column_2=x|2:a.test column_2=y"},
    {"other words, and a value below is none", NULL, SPAN_INIT("com,x\na.test,y\nnet,z\n"),
     "1:com column_2=x|2:a.test column_2=y|3:net column_2=z"},
    {"header words among data", NULL, SPAN_INIT("7,name\n8,a.test\n"),
     "1:name rank=7|2:a.test rank=8"},
    {"nothing to go by", NULL, SPAN_INIT("com,generic\norg,generic\n"),
     "1:com column_2=generic|2:org column_2=generic"},
    {"quotes", NULL, SPAN_INIT("1,\"a.test\",\"x, \"\"y\"\"\"\n\"2\",b.test,z\n"),
     "1:a.test rank=1 column_3=x, \"y\"|2:b.test rank=2 column_3=z"},
    {"quoted alone", NULL, SPAN_INIT("\"a.test\"\n\"b.test\"\nc.test\n"),
     "1:a.test|2:b.test|3:c.test"},
    {"a field over several lines", NULL, SPAN_INIT("a.test,\"x\r\ny\n\nz\"\nb.test,w\n"),
     "1:a.test column_2=x\r\ny\n\nz|5:b.test column_2=w"},
    {"a quote inside a field is text", NULL, SPAN_INIT("a.test,5\" wide\nb.test,\"p\"q\n"),
     "1:a.test column_2=5\" wide|2:b.test column_2=pq"},
    {"quote without end costs one line", NULL,
     SPAN_INIT("a.test,1\nb.test,\"2\nc.test,3\nd.test,4"),
     "1:a.test column_2=1|2:<unterminated_quote>b.test,\"2|3:c.test column_2=3|4:d.test "
     "column_2=4"},
    {"quote without end in the last line", NULL, SPAN_INIT("a.test,1\n\"b.test"),
     "1:a.test column_2=1|2:<unterminated_quote>\"b.test"},
    {"quote without end in the first line", NULL, SPAN_INIT("\"a.test\n1,b.test\n"),
     "1:<unterminated_quote>\"a.test|2:b.test rank=1"},
    {"too few columns", NULL, SPAN_INIT("1,a.test\n2\n\n\"3\"\n"),
     "1:a.test rank=1|2:<missing_column>2|4:<missing_column>\"3\""},
    {"more columns than before", NULL, SPAN_INIT("1,a.test\n2,b.test,x\n"),
     "1:a.test rank=1|2:b.test rank=2 column_3=x"},
    {"empty field", NULL, SPAN_INIT("1,a.test\n2,\n3,\"\"\n,\n"),
     "1:a.test rank=1|2:<empty> rank=2|3:<empty> rank=3|4:<empty> rank="},
    {"comments in CSV", NULL, SPAN_INIT("#id,name\n1,a.test\n#2,b.test\n3,c.test\n"),
     "2:a.test rank=1|4:c.test rank=3"},
    {"quotes in comments", NULL, SPAN_INIT("1,a.test\n# \"x,\"y\n3,c.test\n"),
     "1:a.test rank=1|3:c.test rank=3"},
    {"last record without its end", NULL, SPAN_INIT("1,a.test\n2,\"b.test\""),
     "1:a.test rank=1|2:b.test rank=2"},

    /* other delimiters, and mail addresses */
    {"semicolons", NULL,
     SPAN_INIT("Kunde;Domain;Ort\n\"M\xc3\xbcller; S\xc3\xb6hne\";a.test;\"x\"\n"),
     "2:a.test Kunde=M\xc3\xbcller; S\xc3\xb6hne Ort=x"},
    {"semicolons without a header", NULL, SPAN_INIT("Mayer, Hans;a.test\nSchulz, Eva;b.test\n"),
     "1:a.test column_1=Mayer, Hans|2:b.test column_1=Schulz, Eva"},
    {"the delimiter that stands first", NULL, SPAN_INIT("a.test;x,b.test\nc.test;y\n"),
     "1:a.test column_2=x,b.test|2:c.test column_2=y"},
    {"Excel's line", NULL, SPAN_INIT("sep=;\r\nid;domain\r\n1;a.test\r\n2;b.test\r\n"),
     "3:a.test id=1|4:b.test id=2"},
    {"Excel's line in quotes, behind a mark, of tabs", NULL,
     SPAN_INIT("\xef\xbb\xbf\"sep=\t\"\na.test\tx\n"), "2:a.test column_2=x"},
    {"Excel's line against what stands first", NULL,
     SPAN_INIT("sep=;\na.test,b.test;c.test\nx,y;d.test\n"),
     "2:c.test column_1=a.test,b.test|3:d.test column_1=x,y"},
    {"Excel's line, bars and a column", "2", SPAN_INIT("SEP=|\na.test|b.test\n"),
     "2:b.test column_1=a.test"},
    {"Excel's line, one column", NULL, SPAN_INIT("sep=,\na.test\nb.test # x\n"),
     "2:a.test|3:b.test"},
    {"Excel's line is the first", NULL, SPAN_INIT("a.test\nsep=;\n"),
     "1:a.test|2:<bad_character>sep=;"},
    {"no line of Excel's", NULL, SPAN_INIT("sep=:\na.test\n"), "1:<bad_character>sep=:|2:a.test"},
    {"tabs", NULL, SPAN_INIT("7\ta.test\n8\tb.test\n"), "1:a.test rank=7|2:b.test rank=8"},
    {"bars", NULL, SPAN_INIT("a.test|x\nb.test|y,z\n"),
     "1:a.test column_2=x|2:b.test column_2=y,z"},
    {"a quoted field over lines before the delimiter is known", NULL,
     SPAN_INIT("x;\"y\nz\";a.test\nu;v;b.test\n"),
     "1:a.test column_1=x column_2=y\nz|3:b.test column_1=u column_2=v"},
    {"semicolons, by number", "2", SPAN_INIT("a.test;b.test\nc.test;d.test\n"),
     "1:b.test column_1=a.test|2:d.test column_1=c.test"},
    {"tabs, by name", "site", SPAN_INIT("id\tSite\n1\ta.test\n"), "2:a.test id=1"},
    {"a domain beside a mail address", NULL,
     SPAN_INIT("me@mail.test,a.test\nyou@mail.test,b.test\n"),
     "1:a.test column_1=me@mail.test|2:b.test column_1=you@mail.test"},
    {"a header beside mail addresses", NULL, SPAN_INIT("email;domain\nme@mail.test;a.test\n"),
     "2:a.test email=me@mail.test"},
    {"mail addresses alone", NULL, SPAN_INIT("me,me@a.test\nyou,you@b.test\n"),
     "1:a.test column_1=me|2:b.test column_1=you"},

    /* by names and values of the first lines */
    {"CrUX", NULL, SPAN_INIT("origin,rank\nhttps://a.test,1000\nhttp://b.test,1000\n"),
     "2:a.test rank=1000|3:b.test rank=1000"},
    {"a URL beside a number", NULL, SPAN_INIT("id,url\n1,https://a.test/x\n2,b.test\n"),
     "2:a.test id=1|3:b.test id=2"},
    {"a name is no domain", NULL,
     SPAN_INIT("Name,Web site\nAcme,a.test\nBooking.test,b.test\nx.test Inc.,c.test\n"),
     "2:a.test Name=Acme|3:b.test Name=Booking.test|4:c.test Name=x.test Inc."},
    {"a name that is a domain in the first line", NULL,
     SPAN_INIT("Booking.test,b.test\nAcme,a.test\nBeta,c.test\n"),
     "1:b.test column_1=Booking.test|2:a.test column_1=Acme|3:c.test column_1=Beta"},
    {"names that are domains as well", NULL,
     SPAN_INIT("name,website\nx.test,a.test\ny.test,b.test\n"),
     "2:a.test name=x.test|3:b.test name=y.test"},
    {"the surest header word", NULL,
     SPAN_INIT("url,domain,host\nhttps://u.test/,a.test,h.a.test\n"),
     "2:a.test url=https://u.test/ host=h.a.test"},
    {"a header word that few values are against", NULL,
     SPAN_INIT("mx,domain\nm.test,a.test\nm.test,b.test\nm.test,com\nm.test,d.test\n"),
     "2:a.test mx=m.test|3:b.test mx=m.test|4:com mx=m.test|5:d.test mx=m.test"},
    {"a header word with nothing below it", NULL,
     SPAN_INIT("domain,note\ncom,\norg,a.test\nnet,\n"),
     "2:com note=|3:org note=a.test|4:net note="},
    {"domains rather than URLs", NULL,
     SPAN_INIT("https://logo.test/1.png;a.test\nhttps://logo.test/2.png;b.test\n"),
     "1:a.test column_1=https://logo.test/1.png|2:b.test column_1=https://logo.test/2.png"},
    {"a header without a word of domains", NULL, SPAN_INIT("id,adresse\n7,a.test\n8,b.test\n"),
     "2:a.test id=7|3:b.test id=8"},
    {"a header of mail addresses", NULL, SPAN_INIT("rank,e-mail\n1,me@a.test\n2,me@b.test\n"),
     "2:a.test rank=1|3:b.test rank=2"},
    {"a vague header word beside mail addresses", NULL, SPAN_INIT("Name,Mail\nAcme,me@a.test\n"),
     "2:a.test Name=Acme"},
    {"a sure header word beside mail addresses", NULL, SPAN_INIT("email,domain\nme@a.test,\n"),
     "2:<empty> email=me@a.test"},
    {"TLDs are no header", NULL, SPAN_INIT("id,cc\nmy,cc\n"), "1:id column_2=cc|2:my column_2=cc"},
    {"a header word of data by number", "2", SPAN_INIT("1,host\n2,name\n"),
     "1:host column_1=1|2:name column_1=2"},
    {"by number, of a plain list", "2", SPAN_INIT("a.test\n# ,\nb.test\n"), "1:a.test|3:b.test"},
    {"by number, one column in the first line alone", "2", SPAN_INIT("a.test\n1,b.test\n"),
     "1:<missing_column>a.test|2:b.test column_1=1"},
    {"comments, quotes and blank lines are looked past", NULL,
     SPAN_INIT("Name,url\n\n# x.test,y\n\"A\nx.test\",a.test\nB,\"b.test\"\n"),
     "4:a.test Name=A\nx.test|6:b.test Name=B"},
    {"a comment at the end, without its end", NULL, SPAN_INIT("Name,url\nA,a.test\n#"),
     "2:a.test Name=A"},
    {"a quote that does not end is looked up to", NULL,
     SPAN_INIT("Name,url\nA,a.test\nx.test,\"b\n"),
     "2:a.test Name=A|3:<unterminated_quote>x.test,\"b"},

    /* a column was asked for */
    {"by number", "1", SPAN_INIT("a.test,b.test\nc.test\n"), "1:a.test column_2=b.test|2:c.test"},
    {"by number, last", "3", SPAN_INIT("1,x,a.test\n2,b.test\n"),
     "1:a.test column_1=1 column_2=x|2:<missing_column>2,b.test"},
    {"by number, missing in the first line", "3", SPAN_INIT("1,\"x\"\n2,y,b.test\n"),
     "1:<missing_column>1,\"x\"|2:b.test column_1=2 column_2=y"},
    {"by number, with a header", "2", SPAN_INIT("id,fqdn\n1,a.test\n"), "2:a.test id=1"},
    {"by number, first line malformed", "2", SPAN_INIT("1,b c\n2,a.test\n"),
     "1:<bad_character>b c column_1=1|2:a.test column_1=2"},
    {"by number, one column", "1", SPAN_INIT("a.test\nb.test\n"), "1:a.test|2:b.test"},
    {"by name", "mail domain", SPAN_INIT("#x\nid,\"Mail Domain\",note\n1,a.test,n\n"),
     "3:a.test id=1 note=n"},
    {"by name, without data", "d", SPAN_INIT("d\n"), ""},
    {"names are unique", "d", SPAN_INIT("d,x,x,,column_3\na.test,1,2,3,4\n"),
     "2:a.test x=1 column_3=2 column_4=3 column_5=4"},
    {"names that look like ours", "d", SPAN_INIT("column_3,d,\n1,a.test,2\n"),
     "2:a.test column_3=1 column_3_=2"},
};

static void put_record(struct buf *b, const struct source_record *r)
{
    buf_putf(b, "%s%llu:", b->len > 0 ? "|" : "", (unsigned long long)r->input_line);
    if (r->invalid != NULL) {
        buf_putf(b, "<%s>", r->invalid);
        cr_expect_eq(r->domain.len, 0);
    }
    buf_put(b, r->invalid != NULL && strcmp(r->invalid, "empty") != 0 ? r->input : r->domain);
    for (size_t i = 0; i < r->column_count; i++) {
        buf_put_char(b, ' ');
        buf_put(b, r->columns[i].name);
        buf_put_char(b, '=');
        buf_put(b, r->columns[i].value);
    }
}

/* Writes to a pipe in pieces of `step` octets, from another thread: a pipe holds only so much. */
struct sender {
    int fd;
    struct span octets;
    size_t step;
};

static void *send_all(void *arg)
{
    struct sender *s = arg;
    while (s->octets.len > 0) {
        struct span part = span_take(s->octets, s->step);
        if (write(s->fd, part.at, part.len) != (ssize_t)part.len) {
            break;
        }
        s->octets = span_drop(s->octets, part.len);
    }
    (void)close(s->fd);
    return NULL;
}

static enum source_status read_all(int fd, const char *column, bool columns, struct buf *got)
{
    struct domain_source *s = domain_source_new(fd, column, columns);
    struct source_record r;
    enum source_status status;
    while ((status = domain_source_next(s, &r)) == SOURCE_RECORD) {
        put_record(got, &r);
    }
    cr_expect_eq(domain_source_next(s, &r), status, "the end is the end");
    domain_source_free(s);
    return status;
}

static int file_of(struct span octets)
{
    char path[] = "/tmp/domain_source_XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(write(fd, octets.at, octets.len), (ssize_t)octets.len);
    cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* With a NUL in the octets, compares up to it. */
static bool same(struct span got, const char *want)
{
    const uint8_t *nul = got.len > 0 ? memchr(got.at, 0, got.len) : NULL;
    return span_eq(nul != NULL ? span_take(got, (size_t)(nul - got.at)) : got, span_of(want));
}

static void check(const struct source_case *c, size_t step)
{
    struct buf got = BUF_INIT(BUF_NO_LIMIT);
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    struct sender sender = {ends[1], c->input, step};
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, send_all, &sender), 0);
    enum source_status status = read_all(ends[0], c->column, true, &got);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_expect_eq(status, SOURCE_END, "%s", c->name);
    cr_expect(same(buf_span(&got), c->want), "%s, pieces of %zu: %.*s", c->name, step, (int)got.len,
              (const char *)got.at);
    cr_assert_eq(close(ends[0]), 0);
    buf_deinit(&got);
}

Test(domain_source, reads_every_line_in_pieces_of_any_size)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t step = 1; step <= cases[i].input.len + 1; step += step < 4 ? 1 : 13) {
            check(&cases[i], step);
        }
    }
}

Test(domain_source, other_columns_only_when_asked_for)
{
    int fd = file_of(SPAN_LIT("1,a.test\n"));
    struct buf got = BUF_INIT(BUF_NO_LIMIT);
    cr_expect_eq(read_all(fd, NULL, false, &got), SOURCE_END);
    cr_expect(same(buf_span(&got), "1:a.test"));
    buf_deinit(&got);
    cr_assert_eq(close(fd), 0);
}

static void put_many(struct buf *b, size_t count, char c)
{
    for (size_t i = 0; i < count; i++) {
        buf_put_char(b, c);
    }
}

/* Lines around the bound, of several kinds; each costs itself only. */
Test(domain_source, lines_over_the_bound_cost_themselves)
{
    struct buf input = BUF_INIT(BUF_NO_LIMIT);
    struct buf got = BUF_INIT(BUF_NO_LIMIT);
    buf_put_text(&input, "1,a.test\n# ");
    put_many(&input, 3 * SOURCE_RECORD_MAX, 'c'); /* a comment */
    buf_put_text(&input, "\n3,b.test,");
    put_many(&input, 2 * SOURCE_RECORD_MAX, 'x');
    buf_put_text(&input, "\n4,c.test\n5,d.test,\"open\n");
    for (size_t i = 0; i < SOURCE_RECORD_MAX / 8; i++) {
        buf_put_text(&input, "6,e.test\n");
    }
    buf_put_text(&input, "\"7\",f.test\n8,");
    put_many(&input, SOURCE_RECORD_MAX, 'y'); /* at the end, without a line end */

    struct domain_source *s = domain_source_new(file_of(buf_span(&input)), NULL, false);
    struct source_record r;
    size_t count = 0;
    while (domain_source_next(s, &r) == SOURCE_RECORD) {
        count++;
        cr_expect_leq(r.input.len, SOURCE_INPUT_MAX);
        if (r.invalid != NULL || count < 4) {
            r.input = span_take(r.input, 20);
            put_record(&got, &r);
        }
    }
    cr_expect_eq(count, 4 + SOURCE_RECORD_MAX / 8 + 2, "%zu", count);
    cr_expect(same(buf_span(&got), "1:a.test|3:<line_too_long>3,b.test,xxxxxxxxxxx|4:c.test"
                                   "|5:<unterminated_quote>5,d.test,\"open"
                                   "|8199:<line_too_long>8,yyyyyyyyyyyyyyyyyy"),
              "%.*s", (int)got.len, (const char *)got.at);
    cr_expect_eq(domain_source_consumed(s), input.len);
    domain_source_free(s);
    buf_deinit(&input);
    buf_deinit(&got);
}

#define MANY 100000

Test(domain_source, counts_lines_and_octets_of_a_large_file)
{
    struct buf input = BUF_INIT(BUF_NO_LIMIT);
    for (unsigned i = 1; i <= MANY; i++) {
        buf_putf(&input, "%u,%s%u.example\r\n", i, i % 3 == 0 ? "Mail" : "w", i);
    }
    int fd = file_of(buf_span(&input));
    struct domain_source *s = domain_source_new(fd, NULL, true);
    struct buf want = BUF_INIT(BUF_NO_LIMIT);
    struct source_record r;
    uint64_t before = 0;
    for (unsigned i = 1; i <= MANY; i++) {
        cr_assert_eq(domain_source_next(s, &r), SOURCE_RECORD, "record %u", i);
        buf_reset(&want);
        buf_putf(&want, "%s%u.example", i % 3 == 0 ? "mail" : "w", i);
        cr_assert_null(r.invalid);
        cr_assert(span_eq(r.domain, buf_span(&want)), "record %u", i);
        cr_assert(r.input_line == i && domain_source_lines(s) == i);
        cr_assert_eq(r.column_count, 1);
        cr_assert_gt(domain_source_consumed(s), before);
        before = domain_source_consumed(s);
    }
    cr_expect_eq(domain_source_next(s, &r), SOURCE_END);
    cr_expect_eq(before, input.len);
    domain_source_free(s);
    buf_deinit(&want);
    buf_deinit(&input);
    cr_assert_eq(close(fd), 0);
}

struct failure_case {
    const char *name;
    const char *column;
    const char *input; /* NULL: a directory */
    bool want_usage;
    const char *want_part; /* of the message */
};

static const struct failure_case failures[] = {
    {"no such column", "domain", "#\nid,fqdn\n1,a.test\n", true, "\"domain\" (--column); line 2"},
    {"names do not match in part", "dom", "domain\na.test\n", true, "\"dom\""},
    {"column 0", "0", "a.test\n", true, "from 1"},
    {"unreadable", NULL, NULL, false, "directory"},
    {"gzip", NULL, "\x1f\x8b\x08", true, "is cut short: its gzip data does not end"},
    {"no gzip", NULL, "\x1f\x8b\x07 data", true, "is damaged: not valid gzip data"},
    {"zstd", NULL, "\x28\xb5\x2f\xfd\x04 data", true, "zstd data"},
    {"bzip2", NULL, "BZh91AY&SY", true,
     "is bzip2 data, not text in UTF-8; give what 'bzcat FILE' prints"},
    {"UTF-16", NULL,
     "\xff\xfe"
     "a",
     true, "UTF-16, not text in UTF-8; give what 'iconv -f UTF-16 -t UTF-8 FILE' prints"},
    {"workbook", NULL, "PK\3\4 data", true, "a zip archive or a workbook"},
};

Test(domain_source, failures_have_a_message)
{
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        const struct failure_case *c = &failures[i];
        int fd = c->input != NULL ? file_of(span_of(c->input)) : open("/tmp", O_RDONLY | O_CLOEXEC);
        struct domain_source *s = domain_source_new(fd, c->column, false);
        struct source_record r;
        cr_expect_str_eq(domain_source_error(s), "", "%s", c->name);
        cr_expect_eq(domain_source_next(s, &r), SOURCE_FAILED, "%s", c->name);
        cr_expect_eq(domain_source_next(s, &r), SOURCE_FAILED, "%s, again", c->name);
        cr_expect_eq(domain_source_error_is_usage(s), c->want_usage, "%s", c->name);
        cr_expect_not_null(strstr(domain_source_error(s), c->want_part), "%s: %s", c->name,
                           domain_source_error(s));
        domain_source_free(s);
        cr_assert_eq(close(fd), 0);
    }
}

/* What is in the pipe when it breaks; a record before it is whole. */
static const struct {
    const char *name;
    const char *octets;
    size_t more; /* octets of a comment behind them */
} breaks[] = {
    {"in a line", "1,a.test\n2,b", 0},
    {"in a quoted field", "1,a.test\n2,\"b\n", 0},
    {"in a long line", "1,a.test\n", SOURCE_RECORD_MAX - 9},
};

/* A line that was cut by an error is no record: it may have been longer. */
Test(domain_source, read_errors_lose_no_record_and_make_none)
{
    static const uint8_t filler[SOURCE_RECORD_MAX] = {'#'};
    int broken = open("/tmp", O_RDONLY | O_CLOEXEC); /* reading a directory fails */
    for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
        int ends[2];
        cr_assert_eq(pipe(ends), 0);
        size_t len = strlen(breaks[i].octets);
        cr_assert_eq(write(ends[1], breaks[i].octets, len), (ssize_t)len);
        cr_assert_eq(write(ends[1], filler, breaks[i].more), (ssize_t)breaks[i].more);
        struct domain_source *s = domain_source_new(ends[0], NULL, false);
        struct source_record r;
        cr_expect_eq(domain_source_next(s, &r), SOURCE_RECORD, "%s", breaks[i].name);
        cr_assert_eq(dup2(broken, ends[0]), ends[0]);
        cr_expect_eq(domain_source_next(s, &r), SOURCE_FAILED, "%s", breaks[i].name);
        cr_expect_not_null(strstr(domain_source_error(s), "after line 1"), "%s: %s", breaks[i].name,
                           domain_source_error(s));
        cr_expect_eq(domain_source_lines(s), 1, "%s", breaks[i].name);
        domain_source_free(s);
        (void)close(ends[0]);
        (void)close(ends[1]);
    }
    (void)close(broken);
}

static void *send_late(void *arg)
{
    (void)usleep(20000);
    return send_all(arg);
}

Test(domain_source, waits_on_a_non_blocking_descriptor)
{
    int ends[2];
    cr_assert_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    struct sender sender = {ends[1], SPAN_LIT("a.test\nb.test\n"), 3};
    struct buf got = BUF_INIT(BUF_NO_LIMIT);
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, send_late, &sender), 0);
    cr_expect_eq(read_all(ends[0], NULL, false, &got), SOURCE_END);
    cr_expect(same(buf_span(&got), "1:a.test|2:b.test"));
    cr_assert_eq(pthread_join(thread, NULL), 0);
    (void)close(ends[0]);
    buf_deinit(&got);
}

/* Domains of other columns are not dropped without a word. */
Test(domain_source, says_that_other_columns_have_domains)
{
    static const struct {
        const char *column;
        const char *input;
        bool says;
    } lists[] = {
        {NULL, "a.test, b.test, c.test\n", true},
        {NULL, "a.test,b.test\nc.test,x\nd.test,\n", false},
        {NULL, "a.test,b.test\nc.test,x\nd.test,e.test\n", true},
        {NULL, "kunde,domaene\na.test,b.test\nc.test,d.test\n", true},
        {NULL, "a.test,www.a.test\nwww.b.test,B.test.\nc.test,c.test\n", false},
        {NULL, "a.test,ba.test\n", true},
        {NULL, "a.test,https://b.test/\nc.test,me@d.test\n", false},
        {NULL, "https://a.test/,http://b.test/\n", true},
        {NULL, "1,a.test\n2,b.test\n", false},
        {NULL, "domain,mx\na.test,b.test\n", false},
        {"1", "a.test,b.test\n", false},
        {NULL, "sep=;\na.test;b.test\n", true},
        {NULL, "a.test\nb.test,c.test\n", false},
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        int fd = file_of(span_of(lists[i].input));
        struct domain_source *s = domain_source_new(fd, lists[i].column, false);
        struct source_record r;
        struct buf said = BUF_INIT(BUF_NO_LIMIT);
        cr_expect_not(domain_source_put_others(s, &said));
        cr_expect_eq(domain_source_next(s, &r), SOURCE_RECORD);
        cr_expect_eq(domain_source_put_others(s, &said), lists[i].says, "%s", lists[i].input);
        cr_expect_eq(said.len > 0, lists[i].says);
        buf_deinit(&said);
        domain_source_free(s);
        cr_assert_eq(close(fd), 0);
    }
}

/* What is said of the columns: never of a plain list. */
Test(domain_source, says_which_column_it_took)
{
    static const struct {
        const char *column;
        const char *input;
        const char *says; /* NULL: nothing */
    } choices[] = {
        {NULL, "a.test\nb.test\n", NULL},
        {NULL, "1,a.test\n",
         "commas between columns; domains are taken from column 2, the first that "
         "has domains"},
        {NULL, "origin,rank\nhttps://a.test,1000\n",
         "commas between columns; domains are taken from column 1 (origin), by its header, as "
         "hosts "
         "of URLs"},
        {NULL, "Name,Adresse\nA.test,x\nAcme,b.test\nBeta,c.test\n",
         "column 2 (Adresse), the first that has domains"},
        {"2", "a.test\nb.test\n", "has one column, so --column 2 is not for it"},
        {NULL, "Kunde;Domain\nx;a.test\n",
         "semicolons between columns; domains are taken from column 2 (Domain), by its header"},
        {NULL, "x\tme@a.test\n",
         "tabs between columns; domains are taken from column 2, of mail "
         "addresses what stands after '@', as no column has domains alone"},
        {"2", "a.test|b.test\n",
         "bars (|) between columns; domains are taken from column 2, as "
         "--column says"},
        {NULL, "com,generic\n", "column 1, as nothing tells which"},
    };
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        int fd = file_of(span_of(choices[i].input));
        struct domain_source *s = domain_source_new(fd, choices[i].column, false);
        struct source_record r;
        struct buf said = BUF_INIT(BUF_NO_LIMIT);
        cr_expect(!domain_source_put_choice(s, &said));
        cr_expect_eq(domain_source_next(s, &r), SOURCE_RECORD);
        cr_expect_eq(domain_source_put_choice(s, &said), choices[i].says != NULL, "%s",
                     choices[i].input);
        buf_put_char(&said, '\0');
        cr_expect(choices[i].says == NULL || strstr((const char *)said.at, choices[i].says) != NULL,
                  "%s: %s", choices[i].input, (const char *)said.at);
        buf_deinit(&said);
        domain_source_free(s);
        cr_assert_eq(close(fd), 0);
    }
}
