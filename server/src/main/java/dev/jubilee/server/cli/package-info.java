/** The program's command line: {@code up}, {@code status} and {@code stop}. */
@NullMarked
package dev.jubilee.server.cli;

import org.jspecify.annotations.NullMarked;
