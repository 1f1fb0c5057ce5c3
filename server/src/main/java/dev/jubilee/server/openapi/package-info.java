/** The contracts of the ports, served by the program itself. */
@NullMarked
package dev.jubilee.server.openapi;

import org.jspecify.annotations.NullMarked;
