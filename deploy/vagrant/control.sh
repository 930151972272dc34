#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The first machine: builds Fairlead and its image, makes the cluster, installs
# Fairlead in it. Again: builds anew and replaces what runs.
# usage: control.sh ADDRESS
set -eu

address=$1
build=/var/lib/fairlead-build
share=/srv/fairlead
tag=dev-$(date +%s)
export KUBECONFIG=/etc/kubernetes/admin.conf

# ---- the image: the last stage of the Dockerfile ------------------------------

apt-get -q update
DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends \
	buildah make python3
make -C /vagrant all DEPS=build BUILD=$build
rm -rf $build/rootfs $share
/vagrant/deploy/image-rootfs.sh $build $build/rootfs
container=$(buildah from scratch)
buildah copy -q "$container" $build/rootfs /
buildah config --entrypoint '["/usr/bin/fairlead-agent"]' "$container"
install -d $share
buildah commit -q "$container" "docker-archive:$share/image.tar:localhost/fairlead:$tag"
buildah rm "$container" >/dev/null
/vagrant/deploy/vagrant/import.sh $share/image.tar

# ---- the cluster --------------------------------------------------------------

if [ ! -e $KUBECONFIG ]; then
	cat >/root/kubeadm.yaml <<-Y
		apiVersion: kubeadm.k8s.io/v1beta4
		kind: InitConfiguration
		localAPIEndpoint: {advertiseAddress: $address}
		---
		apiVersion: kubeadm.k8s.io/v1beta4
		kind: ClusterConfiguration
		networking: {podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/12}
		---
		apiVersion: kubeproxy.config.k8s.io/v1alpha1
		kind: KubeProxyConfiguration
		mode: iptables
		iptables: {masqueradeAll: true}
	Y
	kubeadm init --config /root/kubeadm.yaml
	install -d -o vagrant -g vagrant /home/vagrant/.kube
	install -m 600 -o vagrant -g vagrant $KUBECONFIG /home/vagrant/.kube/config
fi

# ---- Fairlead -----------------------------------------------------------------

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp /vagrant/deploy/kubernetes/fairlead.yaml "$work/"
cat >"$work/kustomization.yaml" <<Y
resources: [fairlead.yaml]
images: [{name: fairlead, newName: localhost/fairlead, newTag: $tag}]
Y
# Kept for the others: they need the image before the DaemonSet names it.
kubectl kustomize "$work" >$share/fairlead.yaml
kubeadm token create --print-join-command >$share/join
chmod 600 $share/join

# What the others fetch, on the machines' own network, for as long as it is up.
cat >/etc/systemd/system/fairlead-share.service <<U
[Service]
ExecStart=/usr/bin/python3 -m http.server --bind $address --directory $share 8000
U
systemctl daemon-reload
systemctl restart fairlead-share

kubectl apply -f $share/fairlead.yaml
install -m 755 $build/fairlead /usr/local/bin/fairlead
