/** The append-only record of every administrative act. */
@NullMarked
package dev.jubilee.server.audit;

import org.jspecify.annotations.NullMarked;
