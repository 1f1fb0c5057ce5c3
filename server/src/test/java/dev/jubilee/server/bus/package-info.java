@NullMarked
package dev.jubilee.server.bus;

import org.jspecify.annotations.NullMarked;
