@NullMarked
package dev.jubilee.server.bus.search;

import org.jspecify.annotations.NullMarked;
