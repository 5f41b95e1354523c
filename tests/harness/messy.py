"""Forty tables and more, as people have them, and what is right about each.

A case is a file's text, what stands in it once it is read rightly, and the options that a refusal names on the way to
that. `python -m tests.data_table` writes what was said about each as results/data.md.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path

PLAIN = [[30, 1.5, 0], [41, 2.25, 1], [52, 0.5, 1]]  # age, dose, ill


@dataclass(frozen=True)
class Case:
    """name: what is special. text: the file. X: features (n_x, m), Y: labels (m).

    remedies: the options to follow, one after another, each of which the refusal before it names. told: words that the
    lines about the file hold. names: of the features.
    """

    name: str
    text: str
    X: list[list[float]]
    Y: list[float]
    remedies: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    names: tuple[str, ...] = ("age", "dose")
    encoding: str = "utf-8"
    ending: str = ".csv"
    options: tuple[str, ...] = ()
    refused: str = ""  # in the end, with these words
    says: tuple[str, ...] = field(default=())  # the refusals

    def write(self, folder: Path) -> Path:
        """Write the file."""
        path = folder / f"data{self.ending}"
        content = self.text.encode(self.encoding)
        path.write_bytes(gzip.compress(content) if self.ending.endswith(".gz") else content)
        return path


X, Y = [[30.0, 41.0, 52.0], [1.5, 2.25, 0.5]], [0.0, 1.0, 1.0]


def table(separator: str = ",", comma: bool = False, header: str = "age,dose,ill", ending: str = "\n") -> str:
    """Return the plain table, written otherwise."""
    lines = [header.replace(",", separator)] if header else []
    lines += [separator.join(f"{v:g}".replace(".", "," if comma else ".") for v in row) for row in PLAIN]
    return "".join(line + ending for line in lines)


def ten(column: str, values: list[str], label: str = "ill") -> str:
    """Return twelve examples with one column of a special kind."""
    rows = [f"{20 + 3 * k},{value},{k % 2}" for k, value in enumerate(values)]
    return "\n".join([f"age,{column},{label}", *rows]) + "\n"


AGES, ILL = [20.0 + 3 * k for k in range(12)], [float(k % 2) for k in range(12)]

CASES = [
    Case("commas", table(), X, Y),
    Case("semicolons and decimal commas", table(";", True), X, Y, told=("semicolons", "comma before decimals")),
    Case("semicolons and decimal points", table(";"), X, Y, told=("semicolons between",)),
    Case("tabs", table("\t"), X, Y, told=("tabs between",), ending=".tsv"),
    Case("bars", table("|"), X, Y, told=("bars between",)),
    Case("white space", "age  dose ill\n 30  1.5   0\n 41  2.25  1 \n 52  0.5   1\n", X, Y, told=("spaces between",)),
    Case("packed by gzip", table(), X, Y, ending=".csv.gz"),
    Case("Excel's own first line", "sep=;\n" + table(";", True), X, Y, told=("header on line 2",)),
    Case("UTF-8 with a mark", table(), X, Y, encoding="utf-8-sig"),
    Case("UTF-16, as Excel saves Unicode text", table("\t"), X, Y, encoding="utf-16", told=("UTF-16",), ending=".txt"),
    Case("UTF-16 without a mark", table(), X, Y, encoding="utf-16-le", told=("UTF-16",)),
    Case("Windows-1252", table(header="größe,dose,ill"), X, Y, encoding="cp1252", told=("Windows-1252",),
         names=("größe", "dose")),
    Case("lines that end in CR LF", table(ending="\r\n"), X, Y),
    Case("lines that end in CR", table(ending="\r"), X, Y),
    Case("blank lines, and none at the end", "\nage,dose,ill\n30,1.5,0\n\n41,2.25,1\n52,0.5,1", X, Y,
         told=("header on line 2",)),
    Case("lines of commas alone, as Excel leaves them", table() + ",,\n,,\n", X, Y),
    Case("separators at the end of lines", table().replace("\n", ",\n"), X, Y),
    Case("separators at the end of lines, not of the header", "age,dose,ill\n30,1.5,0,\n41,2.25,1,\n52,0.5,1,\n", X, Y,
         told=("separator at the end of lines left out",)),
    Case("quoted fields, one with a comma", 'age,"dose, mg",ill\n"30","1.5","0"\n"41","2.25","1"\n52,0.5,1\n', X, Y,
         names=("age", "dose, mg")),
    Case("decimal commas in quotes between commas", 'age,dose,ill\n30,"1,5",0\n41,"2,25",1\n52,"0,5",1\n', X, Y,
         told=("a comma before decimals",)),
    Case("thousands set apart by commas", 'pay,dose,ill\n"1,200",1.5,0\n"12,000",2.25,1\n900,0.5,1\n',
         [[1200, 12000, 900], X[1]], Y, names=("pay", "dose"), told=("between thousands",)),
    Case("thousands set apart by points", "pay;dose;ill\n1.200;1,5;0\n12.000;2,25;1\n900;0,5;1\n",
         [[1200, 12000, 900], X[1]], Y, names=("pay", "dose"), told=("comma before decimals", "between thousands")),
    Case("thousands set apart by spaces", "pay;dose;ill\n1 200;1,5;0\n12 000;2,25;1\n900;0,5;1\n",
         [[1200, 12000, 900], X[1]], Y, names=("pay", "dose"), told=("between thousands",)),
    Case("one with decimals or one thousand", "pay;ill\n1,200;0\n2,250;1\n3,500;1\n", [[1200, 2250, 3500]], Y,
         names=("pay",), remedies=("--decimal .",), says=("may be one with decimals or one thousand",)),
    Case("points that may be decimals or thousands", "pay;ill\n1.200;0\n2.250;1\n3.500;1\n", [[1200, 2250, 3500]], Y,
         names=("pay",), remedies=("--decimal ,",), says=("may be one with decimals or one thousand",)),
    Case("points and commas before decimals", "age;day;dose;ill\n30;1.5;1,5;0\n41;2.5;2,25;1\n52;3.5;0,5;1\n", X, Y,
         remedies=("--decimal ,", "--drop day"), says=("both '1,5' and '1.5'", "day (text")),
    Case("percent signs", "age,share,ill\n30,12%,0\n41,12.5 %,1\n52,100%,1\n", [X[0], [0.12, 0.125, 1.0]], Y,
         names=("age", "share"), told=("12% is 0.12",)),
    Case("percent signs here and there", "age,share,ill\n30,12%,0\n41,13,1\n52,14%,1\n", [X[0]], Y, names=("age",),
         remedies=("--drop share",), says=("with and without a sign",)),
    Case("a currency", 'age,pay,ill\n30,"$1,200.50",0\n41,$900,1\n52,-$3,1\n', [X[0], [1200.5, 900, -3]], Y,
         names=("age", "pay"), told=("without the sign $",)),
    Case("the euro behind", "age;pay;ill\n30;1.200,50 €;0\n41;900 €;1\n52;3,25 €;1\n", [X[0], [1200.5, 900, 3.25]], Y,
         names=("age", "pay"), told=("without the sign €",), encoding="cp1252"),
    Case("the index that pandas writes", ",age,dose,ill\n0,30,1.5,0\n1,41,2.25,1\n2,52,0.5,1\n", X, Y,
         told=("column1, which has no name and counts the examples",)),
    Case("the index that pandas writes and reads again",
         "Unnamed: 0,age,dose,ill\n0,30,1.5,0\n1,41,2.25,1\n2,52,0.5,1\n",
         X, Y, told=("counts the examples",)),
    Case("the row names that R writes", '"age","dose","ill"\n"1",30,1.5,0\n"2",41,2.25,1\n"3",52,0.5,1\n', X, Y,
         told=("counts the examples",)),
    Case("a column that counts", ten("number", [str(k + 1) for k in range(12)]), [AGES], ILL, names=("age",),
         remedies=("--drop number",), says=("it counts the examples",)),
    Case("identifiers", ten("patient_id", [str(9000 + 7 * k) for k in range(12)]), [AGES], ILL, names=("age",),
         remedies=("--drop patient_id",), says=("an identifier it seems",)),
    Case("identifiers too long for float64", ten("code", [f"1234567890123456{k:02}" for k in range(1, 13)]), [AGES],
         ILL,
         names=("age",), remedies=("--drop code",), says=("rounded in float64",)),
    Case("zip codes", ten("place", ["01234", "53111"] * 6), [AGES], ILL, names=("age",), remedies=("--drop place",),
         says=("begins with 0, a code",)),
    Case("zip codes by their name", ten("zip", ["11234", "53111"] * 6), [AGES], ILL, names=("age",),
         remedies=("--drop zip",), says=("a code, by its name",)),
    Case("no header", table(header=""), X, Y, told=("no header",), names=("column1", "column2")),
    Case("no header, labels in words", "30,1.5,no\n41,2.25,yes\n52,0.5,yes\n", X, Y, told=("no header", "yes is 1"),
         names=("column1", "column2")),
    Case("the numbers of columns as header", "0,1,2\n" + table(header=""), X, Y, remedies=("--header",),
         names=("0", "1"),
         says=("may be names or an example",)),
    Case("years as header", "2019,2020,ill\n30,1.5,0\n41,2.25,1\n52,0.5,1\n", X, Y, remedies=("--header",),
         names=("2019", "2020"), says=("may be names or an example",)),
    Case("a bad number in the first example, no header", "30,x,0\n41,2.25,1\n52,0.5,1\n", [[41, 52], [2.25, 0.5]],
         [1.0, 1.0], remedies=("--no-header", "--na x --dropna"), names=("column1", "column2"),
         says=("may be names or an example", "'x' at line 1 is not a number")),
    Case("comments above", "# from the clinic\n# second wave\n" + table(), X, Y,
         told=("2 lines of comments left out",)),
    Case("NumPy's header is a comment", "# age,dose,ill\n" + table(header=""), X, Y, told=("header is a comment",)),
    Case("a title above", "Dose study 2020\n\n" + table(), X, Y, remedies=("--skip-lines 2",),
         says=("is no header, line 3",)),
    Case("a title above, with separators", "Dose study,,\n,,\n" + table(), X, Y, remedies=("--skip-lines 2",),
         says=("is no header, line 3",)),
    Case("units below the header", "age,dose,ill\nyears,mg,\n30,1.5,0\n41,2.25,1\n52,0.5,1\n", X, Y,
         told=("line 2 (years, mg, ), units",)),
    Case("two columns of one name", table(header="age,age,ill"), X, Y, names=("age.1", "age.2"),
         told=("2 columns are named 'age'",)),
    Case("spaces around names and numbers", " age , dose , ill \n 30 , 1.5 , 0 \n 41 , 2.25 , 1\n 52 , 0.5 , 1\n",
         X, Y),
    Case("the label first", table(header="ill,dose,age").replace("30,1.5,0", "0,1.5,30")
         .replace("41,2.25,1", "1,2.25,41")
         .replace("52,0.5,1", "1,0.5,52"), [X[1], X[0]], Y, names=("dose", "age"), remedies=("--label ill",),
         says=("label age is one of 3 kinds",)),
    Case("the label in the middle, by its usual name", "age,target,smokes\n30,0,1\n41,1,0\n52,1,1\n",
         [X[0], [1, 0, 1]], Y, names=("age", "smokes"), remedies=("--label target",),
         says=("the label may be the last column, smokes, or target",)),
    Case("labels yes and no", "age,dose,ill\n30,1.5,no\n41,2.25,Yes\n52,0.5,yes\n", X, Y, told=("Yes and yes is 1",)),
    Case("labels 1 and 2", "age,dose,ill\n30,1.5,1\n41,2.25,2\n52,0.5,2\n", X, Y, told=("2 is 1, 1 is 0",)),
    Case("labels -1 and 1", "age,dose,ill\n30,1.5,-1\n41,2.25,1\n52,0.5,1\n", X, Y, told=("1 is 1, -1 is 0",)),
    Case("labels true and false", "age,dose,ill\n30,1.5,FALSE\n41,2.25,TRUE\n52,0.5,TRUE\n", X, Y, told=("TRUE is 1",)),
    Case("labels malignant and benign", "age,dose,kind\n30,1.5,B\n41,2.25,M\n52,0.5,M\n", X, Y,
         told=("M is 1, B is 0",)),
    Case("labels of two strange kinds", "age,dose,kind\n30,1.5,oak\n41,2.25,yew\n52,0.5,yew\n", X, Y,
         told=("yew is 1, oak is 0; the other way: --positive oak",)),
    Case("labels of three kinds", "age,dose,kind\n30,1.5,oak\n41,2.25,ash\n52,0.5,yew\n", X, [0.0, 1.0, 0.0],
         remedies=("--positive ash",), says=("one of 3 kinds (ash, oak, yew)",)),
    Case("labels that are numbers", "age,dose,pay\n30,1.5,20.5\n41,2.25,33.1\n52,0.5,17.2\n", X, [20.5, 33.1, 17.2],
         remedies=("--loss squared_error",), says=("label pay is a number",)),
    Case("all labels equal", "age,dose,ill\n30,1.5,0\n41,2.25,0\n", [[30, 41], [1.5, 2.25]], [0.0, 0.0],
         told=("every label is the same",)),
    Case("all labels of one strange kind", "age,dose,kind\n30,1.5,oak\n41,2.25,oak\n", [[30, 41], [1.5, 2.25]],
         [1.0, 1.0], remedies=("--positive oak",), says=("every label kind is 'oak'",)),
    Case("a label is missing", "age,dose,ill\n30,1.5,0\n41,2.25,1\n52,0.5,1\n60,2,\n", X, Y, remedies=("--dropna",),
         says=("no value for ill at line 5",)),
    Case("missing values by many names",
         "age,dose,ill\n30,1.5,0\nNA,1,0\n41,2.25,1\n1,n/a,1\n52,0.5,1\n?,-,1\n#N/A,.,1\n",
         X, Y, remedies=("--dropna",), says=("no value for age at line 3 and 2 more; dose at line 5 and 2 more",),
         told=("4 of 7 examples, which lack a value",)),
    Case("-999 for what is missing", ten("dose", ["1.5", "2.5", "-999"] * 4), [AGES, [1.5, 2.5, -999.0] * 4], ILL,
         told=("dose is -999 4 times", "--na -999 --dropna")),
    Case("dates", ten("when", [f"2020-01-{k + 1:02}" for k in range(12)]), [AGES], ILL, names=("age",),
         remedies=("--drop when",), says=("when (dates, '2020-01-01' at line 2)",)),
    Case("dates as numbers", ten("when", [f"202001{k + 1:02}" for k in range(12)]), [AGES], ILL, names=("age",),
         remedies=("--drop when",), says=("are dates, it seems",)),
    Case("days with points", ten("when", [f"{k + 1}.1.2020" for k in range(12)]), [AGES], ILL, names=("age",),
         remedies=("--drop when",), says=("when (dates",)),
    Case("text of a few kinds", ten("town", ["Bonn", "Rome", "Oslo"] * 4),
         [AGES, *[[float(k % 3 == n) for k in range(12)] for n in (0, 2, 1)]], ILL, remedies=("--one-hot town",),
         names=("age", "town=Bonn", "town=Oslo", "town=Rome"), says=("town (text, 'Bonn' at line 2)",)),
    Case("text of many kinds", ten("name", [f"person {k}" for k in range(12)]), [AGES], ILL, names=("age",),
         remedies=("--drop name",), says=("name (text, 'person 0' at line 2)",)),
    Case("text and dates at once", "age,town,when,ill\n30,Bonn,1.2.2020,0\n41,Rome,2.2.2020,1\n52,Bonn,3.2.2020,1\n",
         [X[0], [1, 0, 1], [0, 1, 0]], Y, names=("age", "town=Bonn", "town=Rome"),
         remedies=("--drop when --one-hot town",), says=("town (text, 'Bonn' at line 2); when (dates",)),
    Case("true and false as a feature", "age,smokes,ill\n30,True,0\n41,False,1\n52,True,1\n", [X[0], [1, 0, 1]], Y,
         names=("age", "smokes"), told=("smokes: true is 1, false is 0",)),
    Case("a constant feature", "age,unit,ill\n30,7,0\n41,7,1\n52,7,1\n", [X[0], [7, 7, 7]], Y, names=("age", "unit"),
         told=("unit: the same for every example",)),
    Case("a column without a value", "age,note,dose,ill\n30,,1.5,0\n41,,2.25,1\n52,,0.5,1\n", X, Y,
         told=("note, without a value",)),
    Case("numbers in base 16", "age,flag,ill\n30,0x10,0\n41,0x1F,1\n52,0x10,1\n", [X[0], [1, 0, 1], [0, 1, 0]], Y,
         names=("age", "flag=0x10", "flag=0x1F"), remedies=("--one-hot flag",),
         says=("flag (text, '0x10' at line 2)",)),
    Case("colours that begin with #", "colour,dose,ill\n#ff0000,1.5,0\n#00ff00,2.25,1\n#ff0000,0.5,1\n",
         [[0, 1, 0], [1, 0, 1], X[1]], Y, names=("colour=#00ff00", "colour=#ff0000", "dose"),
         remedies=("--one-hot colour",), says=("colour (text, '#ff0000' at line 2)",)),
    Case("decimal commas between commas, without quotes", "age,dose,ill\n1,1,5,0\n41,2,25,1\n52,0,5,1\n", [], [],
         refused="line 2 has 4 fields, the header 3"),
    Case("a sum in the last line", table() + "Sum,4.25,2\n", X, Y, remedies=("--na Sum --dropna",),
         says=("age ('Sum' at line 5 is not a number)",)),
    Case("the header again in the middle", table() + "age,dose,ill\n60,3,0\n", [[*X[0], 60], [*X[1], 3]], [*Y, 0.0],
         remedies=("--na age --na dose --dropna",), says=("age ('age' at line 5 is not a number)",)),
    Case("numbers beyond float64", "age,dose,ill\n30,1.5,0\n41,1e999,1\n52,0.5,1\n", [X[0]], Y, names=("age",),
         remedies=("--drop dose",), says=("column 'dose', line 3: infinite, or beyond float64's range",)),
    Case("large numbers", "pay,dose,ill\n3e7,1.5,0\n4e9,2.25,1\n5e8,0.5,1\n", [[3e7, 4e9, 5e8], X[1]], Y,
         names=("pay", "dose"), told=("--standardise",)),
    Case("numbers with exponents", "age,dose,ill\n3e1,15E-1,0\n4.1e+1,2.25,1\n52,.5,1\n", X, Y),
    Case("one example", "age,dose,ill\n30,1.5,1\n", [[30], [1.5]], [1.0], told=("every label is the same",)),
    Case("one column", "age\n30\n41\n", [], [], refused="one column, expected features and a label"),
    Case("nothing but a header", "age,dose,ill\n", [], [], refused="expected at least one feature and one example"),
    Case("a line too short", "age,dose,ill\n30,1.5,0\n41,2.25\n", [], [], refused="line 3 has 2 fields, the header 3"),
    Case("a line too long", "age,dose,ill\n30,1.5,0\n41,2.25,1,7\n", [], [],
         refused="line 3 has 4 fields, the header 3"),
    Case("a quote without end", 'age,dose,ill\n30,"1.5,0\n41,2.25,1\n', [], [], refused="not a table"),
]  # fmt: skip
