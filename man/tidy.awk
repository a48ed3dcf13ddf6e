# SPDX-License-Identifier: GPL-2.0-or-later
#
# From scdoc's output to what "mandoc -T lint" says nothing about: no paragraph beside a heading or at the end
# of an indented block (it comes behind the block), and no long lines. No word is hyphenated, options least of all:
# scdoc asks for that before the title, where it does not last. And what stands for itself in a shell is
# itself in the page: groff sets bare hyphens, quotes, carets and tildes as other characters of Unicode
# (groff_char(7)), and scdoc before 1.11.3 writes bare ones.

# The last blank within 80 bytes; what is behind it must not become a request.
function gap(at)
{
	for (at = 81; at; at--)
		if (substr($0, at, 1) == " " && substr($0, at + 1, 1) != ".")
			break
	return at
}

/^\.P$/ {
	is_due = !is_heading
	next
}

/^$/ && !is_literal {
	next
}

# The end of an indented block keeps a paragraph due.
/^\.RE$/ {
	print
	is_heading = 0
	next
}

/^\.TH / {
	print
	print ".nh"
	print ".ad l"
	next
}

/^\.S[HS] / {
	is_due = 0
	is_heading = 1
	print
	next
}

{
	if (is_due)
		print ".P"
	is_due = is_heading = 0
}

/^\.nf$/ {
	is_literal = 1
}

/^\.fi$/ {
	is_literal = 0
}

/^[^.]/ && !/^\\h/ {
	gsub(/\\?-/, "\\-")
	gsub(/'/, "\\(aq")
	gsub(/`/, "\\(ga")
	gsub(/\^/, "\\(ha")
	gsub(/~/, "\\(ti")
	while (!is_literal && length($0) > 80 && (at = gap())) {
		print substr($0, 1, at - 1)
		$0 = substr($0, at + 1)
	}
}

{
	print
}
