package dev.jubilee.server.database;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.postgres.SqlArray;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/** Opens the pool of connections to PostgreSQL. */
public final class ConnectionPool {
    /** A transaction whose client's machine is gone would otherwise hold its locks for hours. */
    private static final String NOTICE_DEAD_CLIENTS =
            "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5;"
                    + " SET tcp_keepalives_count = 3; SET tcp_user_timeout = 20000";

    private ConnectionPool() {}

    /**
     * Where PostgreSQL is, as JDBC wants it.
     *
     * @param user null when the address itself names it
     */
    public record Address(String jdbcUrl, @Nullable String user, @Nullable String password) {
        /**
         * Reads {@code postgresql://user:password@host:port/database?options}, or a JDBC address as
         * it is.
         *
         * @throws IllegalArgumentException when it is neither
         */
        public static Address of(String url, @Nullable String user, @Nullable String password) {
            if (url.startsWith("jdbc:postgresql:")) {
                return new Address(url, user, password);
            }
            if (!url.startsWith("postgresql://") && !url.startsWith("postgres://")) {
                throw new IllegalArgumentException(
                        "must start with postgresql:// or jdbc:postgresql:");
            }
            try {
                URI uri = new URI(url);
                // Not by getHost, which knows no name with an underscore, and no list of hosts.
                String authority = uri.getRawAuthority() == null ? "" : uri.getRawAuthority();
                int at = authority.lastIndexOf('@');
                String[] parts = at < 0 ? new String[0] : authority.substring(0, at).split(":", 2);
                String options = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
                return new Address(
                        "jdbc:postgresql://"
                                + authority.substring(at + 1)
                                + uri.getRawPath()
                                + options,
                        parts.length > 0 ? decode(parts[0]) : user,
                        parts.length > 1 ? decode(parts[1]) : password);
            } catch (URISyntaxException e) {
                throw new IllegalArgumentException("is not an address: " + e.getReason(), e);
            }
        }

        /** Without the password. */
        @Override
        public String toString() {
            return jdbcUrl.replaceAll("password=[^&]*", "password=…");
        }

        private static String decode(String text) {
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        }
    }

    /** Connections that are made for the occasion, and wait for an answer as long as it takes. */
    public static DataSource unpooled(Address address) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setURL(address.jdbcUrl());
        source.setUser(address.user());
        source.setPassword(address.password());
        return source;
    }

    /**
     * Opens a pool. Connections are made when they are needed, so that PostgreSQL need not be there
     * yet. A PostgreSQL that vanished without a word is noticed by the timeouts; one whose client
     * vanished ends its transactions, and their locks, within half a minute.
     *
     * @param timeout how long a caller waits for a free connection
     * @param patience how long an answer may take; zero for ever
     */
    public static HikariDataSource open(
            Address address, int size, Duration timeout, Duration patience) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(address.jdbcUrl());
        config.setUsername(address.user());
        config.setPassword(address.password());
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(Math.min(4, size));
        config.setConnectionTimeout(timeout.toMillis());
        config.setInitializationFailTimeout(-1);
        config.setPoolName("postgresql");
        config.setConnectionInitSql(NOTICE_DEAD_CLIENTS);
        config.addDataSourceProperty("ApplicationName", "jubilee");
        config.addDataSourceProperty("tcpKeepAlive", "true");
        config.addDataSourceProperty("connectTimeout", "5");
        config.addDataSourceProperty("socketTimeout", Long.toString(patience.toSeconds()));
        config.addDataSourceProperty("prepareThreshold", "2");
        config.addDataSourceProperty("binaryTransferEnable", SqlArray.BINARY_TRANSFER);
        return new HikariDataSource(config);
    }
}
