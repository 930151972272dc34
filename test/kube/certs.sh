#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Certificates for tests, by openssl; good for two days.
#
# usage: certs.sh DIR [NAME-OR-ADDRESS ...]
#   makes DIR/{ca,server}.{crt,key}, DIR/admin.{crt,key} (a client, CN=admin),
#   an existing CA is kept: called again it makes new ones from the same CA
# usage: certs.sh DIR -client USER      DIR/USER.{crt,key}
# usage: certs.sh DIR -server FILE NAME-OR-ADDRESS ...   DIR/FILE.{crt,key}
# usage: certs.sh DIR -expired FILE NAME-OR-ADDRESS ...  one that is past
set -eu

dir=$1
shift
mkdir -p "$dir"
quiet() { "$@" 2>"$dir/openssl.log" || { cat "$dir/openssl.log" >&2; exit 1; }; }
key() { quiet openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

ca() {
	[ ! -e "$dir/ca.crt" ] || return 0
	key "$dir/ca.key"
	quiet openssl req -x509 -new -key "$dir/ca.key" -sha256 -days 2 \
		-subj "/CN=kubernetes" -out "$dir/ca.crt" \
		-addext keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign
}

# sign NAME SUBJECT EXTENSIONS [DAYS]: key and certificate appear at once, so
# that nobody reads half of them
sign() {
	local f=$dir/$1 days=${4:-2}
	key "$f.key.new"
	quiet openssl req -new -key "$f.key.new" -subj "$2" -out "$f.csr"
	printf 'basicConstraints=critical,CA:FALSE\n%s\n' "$3" >"$f.ext"
	if [ "$days" = past ]; then
		past "$f"
	else
		quiet openssl x509 -req -in "$f.csr" -CA "$dir/ca.crt" \
			-CAkey "$dir/ca.key" -set_serial "0x$(openssl rand -hex 8)" \
			-days "$days" -sha256 -extfile "$f.ext" -out "$f.crt.new"
	fi
	mv "$f.key.new" "$f.key"
	mv "$f.crt.new" "$f.crt"
	rm -f "$f.csr" "$f.ext"
}

# openssl x509 knows no date in the past; openssl ca does.
past() {
	local work
	work=$(mktemp -d "$dir/past.XXXXXX")
	touch "$work/index.txt"
	{
		echo "[ca]"
		echo "default_ca = d"
		echo "[d]"
		echo "database = $work/index.txt"
		echo "new_certs_dir = $work"
		echo "rand_serial = yes"
		echo "default_md = sha256"
		echo "policy = p"
		echo "[p]"
		echo "commonName = supplied"
		echo "organizationName = optional"
	} >"$work/ca.conf"
	quiet openssl ca -batch -notext -config "$work/ca.conf" -in "$1.csr" \
		-cert "$dir/ca.crt" -keyfile "$dir/ca.key" -extfile "$1.ext" \
		-startdate 20200101000000Z -enddate 20200102000000Z \
		-out "$1.crt.new"
	rm -r "$work"
}

# names NAME-OR-ADDRESS...: as subjectAltName
names() {
	local n out=
	for n; do
		case $n in
		*:* | [0-9]*.[0-9]*.[0-9]*.[0-9]*) out="$out,IP:$n" ;;
		*) out="$out,DNS:$n" ;;
		esac
	done
	echo "${out#,}"
}

server() {
	local file=$1 days=$2
	shift 2
	sign "$file" "/CN=kube-apiserver" "keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=$(names "$@")" "$days"
}

client() {
	sign "$1" "/O=system:masters/CN=$1" "keyUsage=critical,digitalSignature
extendedKeyUsage=clientAuth"
}

ca
case ${1:-} in
-client) client "$2" ;;
-server) file=$2; shift 2; server "$file" 2 "$@" ;;
-expired) file=$2; shift 2; server "$file" past "$@" ;;
*)
	server server 2 localhost kubernetes kubernetes.default.svc 127.0.0.1 ::1 "$@"
	client admin
	;;
esac
