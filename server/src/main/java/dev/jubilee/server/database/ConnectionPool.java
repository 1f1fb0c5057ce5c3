package dev.jubilee.server.database;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.postgres.SqlArray;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Opens the pool of connections to PostgreSQL. */
public final class ConnectionPool {
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
                String info = uri.getRawUserInfo();
                String[] parts = info == null ? new String[0] : info.split(":", 2);
                String options = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
                String port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
                return new Address(
                        "jdbc:postgresql://" + uri.getHost() + port + uri.getRawPath() + options,
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

    /**
     * Opens a pool. Connections are made when they are needed, so that PostgreSQL need not be there
     * yet.
     *
     * @param timeout how long a caller waits for a free connection
     */
    public static HikariDataSource open(Address address, int size, Duration timeout) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(address.jdbcUrl());
        config.setUsername(address.user());
        config.setPassword(address.password());
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(Math.min(4, size));
        config.setConnectionTimeout(timeout.toMillis());
        config.setInitializationFailTimeout(-1);
        config.setPoolName("postgresql");
        config.addDataSourceProperty("ApplicationName", "jubilee");
        config.addDataSourceProperty("tcpKeepAlive", "true");
        config.addDataSourceProperty("connectTimeout", "5");
        config.addDataSourceProperty("prepareThreshold", "2");
        config.addDataSourceProperty("binaryTransferEnable", SqlArray.BINARY_TRANSFER);
        return new HikariDataSource(config);
    }
}
