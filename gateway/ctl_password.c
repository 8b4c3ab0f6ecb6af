/* A password, from standard input or from the terminal. */
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "gateway/ctl_priv.h"

/* A line without its end; NULL: there is none, or no text. */
static char *read_line(FILE *in)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n = getline(&line, &room, in);

	if (n < 0 || strlen(line) != (size_t)n) {
		free(line);
		return NULL;
	}
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

/* Without showing what is typed. */
static char *ask(FILE *terminal, const char *what)
{
	struct termios shown, hidden;
	char *line;

	fprintf(terminal, "%s: ", what);
	fflush(terminal);
	if (tcgetattr(fileno(terminal), &shown) < 0)
		return NULL;
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fileno(terminal), TCSAFLUSH, &hidden);
	line = read_line(terminal);
	tcsetattr(fileno(terminal), TCSAFLUSH, &shown);
	fputc('\n', terminal);
	return line;
}

static void forget(char *z)
{
	if (z)
		explicit_bzero(z, strlen(z));
	free(z);
}

static char *ask_twice(struct ctl *c)
{
	FILE *terminal = fopen("/dev/tty", "r+");
	char *once, *again;

	if (!terminal) {
		fputs("stoxctl: no terminal to ask for the password: use "
		      "--password-stdin\n",
		      c->err);
		return NULL;
	}
	once = ask(terminal, "Password");
	again = once ? ask(terminal, "The same again") : NULL;
	fclose(terminal);
	if (!again || strcmp(once, again) != 0) {
		fputs("stoxctl: these are not the same\n", c->err);
		forget(once);
		once = NULL;
	}
	forget(again);
	return once;
}

char *ctl_password(struct ctl *c)
{
	char *password;

	if (!c->password_stdin)
		return ask_twice(c);
	password = read_line(c->in);
	if (!password)
		fputs("stoxctl: no password on standard input\n", c->err);
	return password;
}
