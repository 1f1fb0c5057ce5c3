/**
 * The PostgreSQL and the Kafka that the program brings along: real servers, run as child processes
 * with their data in one folder, so that a newcomer needs nothing but a JDK.
 */
@NullMarked
package dev.jubilee.server.embedded;

import org.jspecify.annotations.NullMarked;
